create or replace view api.rule_version as
select
    v.rule, v.version, v.draft_revision,
    (case
        when v.draft_revision is not null then 'draft'
        when v.ends_at <= greatest(v.starts_at, clock_timestamp()) then case v.next_basis when 'none' then 'retired' else 'superseded' end
        when v.starts_at > clock_timestamp() then 'scheduled'
        when v.basis = 'none' then 'retired'
        else 'in_force'
    end)::points.version_state as state,
    nullif(v.starts_at, '-infinity') as starts_at, v.ends_at, v.basis, v.fixed_points, v.points_per_unit,
    v.tier_starts, v.tier_rates, v.rounding, v.cap_points, v.pending_days,
    v.valid_days, v.valid_months, v.valid_end, v.valid_until, v.idle, v.wallet,
    points.describe_version(v.terms, p.currency) as description, v.created_at
from (
    select v.*, null::int as draft_revision, v as terms, lead(v.starts_at) over w as ends_at, lead(v.basis) over w as next_basis
    from points.rule_version v
    window w as (partition by v.rule order by v.starts_at, v.version)
    union all
    select v.*, d.revision, v, null, null
    from points.rule_draft d
    cross join lateral jsonb_populate_record(null::points.rule_version, d.terms || jsonb_build_object(
        'rule', d.rule, 'version', d.version, 'created_at', d.created_at)) v
    where d.discarded_at is null
) v
cross join points.program p;

comment on view api.rule_version is 'Versions of rules: drafts, and what is published, with its state at the instant of reading.';
comment on column api.rule_version.rule is 'The rule.';
comment on column api.rule_version.version is 'Number within the rule.';
comment on column api.rule_version.draft_revision is 'How often the draft has been written; null: it is published.';
comment on column api.rule_version.state is 'What it is now. Of two that start at one instant, the lower number is superseded.';
comment on column api.rule_version.starts_at is 'In force from then on; null: a draft, or always has been.';
comment on column api.rule_version.ends_at is 'In force until the next version starts then; null: it is the last, or a draft.';
comment on column api.rule_version.basis is 'What the award is computed from; none: the rule is retired.';
comment on column api.rule_version.fixed_points is 'Basis fixed: the award. Basis given: the award when the caller gives none; null: the caller must give it.';
comment on column api.rule_version.points_per_unit is 'Basis amount: points for each unit of currency.';
comment on column api.rule_version.tier_starts is 'Basis tiers: the amounts at which the tiers start.';
comment on column api.rule_version.tier_rates is 'Basis tiers: points for each unit of currency in each tier.';
comment on column api.rule_version.rounding is 'How the sum becomes whole points, once.';
comment on column api.rule_version.cap_points is 'Most that one operation awards; null: no cap.';
comment on column api.rule_version.pending_days is 'Days from the event until the points become available.';
comment on column api.rule_version.valid_days is 'Days from the event to expiry, after valid_months; null: none.';
comment on column api.rule_version.valid_months is 'Calendar months from the event to expiry; null: none.';
comment on column api.rule_version.valid_end is 'Expiry is put off to the end of this unit; null: it is not.';
comment on column api.rule_version.valid_until is 'Last day on which the points are valid; null, like the columns before: they never expire.';
comment on column api.rule_version.idle is 'Whether the days and months count from the member''s last activity (api.program.activity_kinds), to the end of that day, and not from the event.';
comment on column api.rule_version.wallet is 'Wallet that it awards in; null: any.';
comment on column api.rule_version.description is 'What it awards, in words.';
comment on column api.rule_version.created_at is 'When it was published, or drafted.';
