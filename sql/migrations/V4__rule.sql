set role jifen_owner;

create type points.rule_basis as enum ('fixed', 'amount', 'tiers', 'given', 'none');
comment on type points.rule_basis is 'What an award is computed from: fixed points, an amount of money at one rate or by tiers, or points that the caller gives. none: nothing is awarded, the rule is retired.';

create type points.rounding as enum ('down', 'half_up', 'up');
comment on type points.rounding is 'How a fraction of a point is rounded: once, after multiplying and adding up.';

create type points.calendar_unit as enum ('day', 'month', 'year');
comment on type points.calendar_unit is 'A unit of the calendar, by the program''s time zone.';

create type points.version_state as enum ('draft', 'scheduled', 'in_force', 'superseded', 'retired');
comment on type points.version_state is 'What a version of a rule is now: draft, not published; scheduled, not started; in_force, what awards; superseded, ended by the next version; retired, ended by the rule''s retirement, or that retirement itself.';

create table points.rule (
    code       text collate "C" primary key,
    name       text not null,
    once       boolean not null default false,
    created_at timestamptz not null default now(),
    constraint rule_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    constraint rule_name_length check (length(name) between 1 and 128)
);
comment on table points.rule is 'Ways to earn points.';
comment on column points.rule.code is 'Name in requests, e.g. ORDER.';
comment on column points.rule.name is 'Name for people.';
comment on column points.rule.once is 'Whether it awards an account once for ever (points.once_award); never changes.';
comment on column points.rule.created_at is 'When it was made.';

create index rule_once on points.rule (code) where once;
comment on index points.rule_once is 'Rules that award once for ever, which each batch asks for.';

-- A CHECK rests on it, so it is state and not part of the function bundle.
create function points.ascends(p_values numeric[]) returns boolean
language sql immutable parallel safe
return not exists (
    select from generate_subscripts(p_values, 1) i where p_values[i] <= p_values[i - 1]
);
comment on function points.ascends(numeric[]) is
    'Whether each value is above the one before it; nulls are not looked at.';

create table points.rule_version (
    rule            text collate "C" not null references points.rule,
    version         int not null,
    starts_at       timestamptz not null,
    basis           points.rule_basis not null,
    fixed_points    bigint,
    points_per_unit numeric,
    tier_starts     numeric[],
    tier_rates      numeric[],
    rounding        points.rounding not null,
    cap_points      bigint,
    pending_days    int not null,
    valid_days      int,
    valid_months    int,
    valid_end       points.calendar_unit,
    valid_until     date,
    idle            boolean not null default false,
    wallet          text collate "C" references points.wallet,
    created_at      timestamptz not null default now(),
    primary key (rule, version),
    constraint rule_version_number_positive check (version > 0),
    constraint rule_version_fixed_points_in_range check (fixed_points between 1 and 9007199254740991),
    constraint rule_version_points_per_unit_in_range check (
        points_per_unit > 0 and points_per_unit <= 100000 and scale(points_per_unit) <= 6),
    constraint rule_version_cap_in_range check (cap_points between 1 and 9007199254740991),
    constraint rule_version_basis_has_its_inputs check (
        case basis
            when 'fixed' then fixed_points is not null and num_nonnulls(points_per_unit, tier_starts) = 0
            when 'amount' then points_per_unit is not null and num_nonnulls(fixed_points, tier_starts) = 0
            when 'tiers' then tier_starts is not null and num_nonnulls(fixed_points, points_per_unit) = 0
            when 'given' then num_nonnulls(points_per_unit, tier_starts) = 0
            when 'none' then pending_days = 0 and num_nonnulls(
                fixed_points, points_per_unit, tier_starts, cap_points, valid_days, valid_months, valid_end, valid_until, wallet) = 0
        end),
    constraint rule_version_tiers_pair_up check (
        array_dims(tier_starts) is not distinct from array_dims(tier_rates)
        and cardinality(tier_starts) between 1 and 20 and array_ndims(tier_starts) = 1 and array_lower(tier_starts, 1) = 1),
    constraint rule_version_tiers_ascend_from_0 check (
        tier_starts[1] = 0 and points.ascends(tier_starts) and num_nulls(variadic tier_starts) = 0
        and 1000000000000 > all (tier_starts) and tier_starts = tier_starts::numeric(20, 8)[]),
    constraint rule_version_tier_rates_in_range check (
        num_nulls(variadic tier_rates) = 0 and 0 <= all (tier_rates) and 100000 >= all (tier_rates) and 0 < any (tier_rates)
        and tier_rates = tier_rates::numeric(12, 6)[]),
    constraint rule_version_pending_days_in_range check (pending_days between 0 and 3650),
    constraint rule_version_valid_days_in_range check (valid_days between 1 and 36500),
    constraint rule_version_valid_months_in_range check (valid_months between 1 and 1200),
    constraint rule_version_valid_until_in_range check (valid_until between '1970-01-01' and '9999-12-31'),
    constraint rule_version_expires_in_one_way check (valid_until is null or num_nonnulls(valid_days, valid_months, valid_end) = 0),
    constraint rule_version_idle_time_is_a_duration check (
        not idle or num_nonnulls(valid_days, valid_months) > 0 and num_nonnulls(valid_end, valid_until) = 0),
    -- A month has 28 days at least, so points become available before they expire.
    constraint rule_version_expires_after_pending check (
        num_nonnulls(valid_days, valid_months, valid_end) = 0
        or coalesce(valid_days, 0) + 28 * coalesce(valid_months, 0) > pending_days
        or valid_end is not null and pending_days = 0)
);
comment on table points.rule_version is 'What a rule awards from an instant on: its published versions. Rows never change; a change is a new version. Append-only.';
comment on column points.rule_version.rule is 'The rule.';
comment on column points.rule_version.version is 'Number within the rule, from 1, given when it was drafted.';
comment on column points.rule_version.starts_at is 'In force from then until the next version starts; of two that start at one instant the higher number counts.';
comment on column points.rule_version.basis is 'What the award is computed from.';
comment on column points.rule_version.fixed_points is 'Basis fixed: the award. Basis given: the award when the caller gives none; null: the caller must give it.';
comment on column points.rule_version.points_per_unit is 'Basis amount: points for each unit of currency, with at most 6 decimals.';
comment on column points.rule_version.tier_starts is 'Basis tiers: the amounts at which the tiers start, 1 to 20, ascending from 0, with at most 8 decimals; null: another basis.';
comment on column points.rule_version.tier_rates is 'Basis tiers: points for each unit of currency of the part of the amount that lies in the tier, with at most 6 decimals.';
comment on column points.rule_version.rounding is 'How the sum becomes whole points, once.';
comment on column points.rule_version.cap_points is 'Most that one operation awards; null: no cap.';
comment on column points.rule_version.pending_days is 'Days from the event until the points become available, in the program''s time zone.';
comment on column points.rule_version.valid_days is 'Days from the event to the expiry of the points, in the program''s time zone, after valid_months; null: none.';
comment on column points.rule_version.valid_months is 'Calendar months from the event to the expiry of the points, in the program''s time zone; null: none.';
comment on column points.rule_version.valid_end is 'Expiry is put off to the end of this day, month or year; with neither days nor months: that of the event. Null: it is not.';
comment on column points.rule_version.valid_until is 'Last day on which the points are valid, in the program''s time zone; null: see the columns before, and with all of them null they never expire.';
comment on column points.rule_version.idle is 'True: valid_months and valid_days are counted anew, to the end of the local day, from each activity of the member (points.program.activity_kinds) that comes in time, and at first from when the award is recorded.';
comment on column points.rule_version.wallet is 'Wallet that it awards in; null: any.';
comment on column points.rule_version.created_at is 'When it was published.';

create index rule_version_by_start on points.rule_version (rule, starts_at, version);
comment on index points.rule_version_by_start is 'The version in force is the last that has started.';

create table points.rule_draft (
    rule         text collate "C" not null references points.rule,
    version      int not null,
    revision     int not null default 1,
    terms        jsonb not null,
    discarded_at timestamptz,
    created_at   timestamptz not null default now(),
    primary key (rule, version),
    constraint rule_draft_number_positive check (version > 0),
    constraint rule_draft_revision_positive check (revision > 0),
    constraint rule_draft_terms_are_an_object check (jsonb_typeof(terms) = 'object')
);
comment on table points.rule_draft is 'Versions that are not in force until they are published: what is published moves to points.rule_version, under its number.';
comment on column points.rule_draft.rule is 'The rule.';
comment on column points.rule_draft.version is 'Number within the rule that it will have; never given twice.';
comment on column points.rule_draft.revision is 'How often it has been written: 1 at first, and one more with each change.';
comment on column points.rule_draft.terms is 'The terms, by the columns of points.rule_version.';
comment on column points.rule_draft.discarded_at is 'When it was discarded, for good; null: it was not.';
comment on column points.rule_draft.created_at is 'When it was made.';

create table points.catalogue_change (
    client_id       int not null references points.client,
    idempotency_key points.idempotency_key not null,
    what            text collate "C" not null,
    code            text collate "C" not null,
    version         int,
    inputs          jsonb not null,
    recorded_at     timestamptz not null,
    primary key (client_id, idempotency_key),
    constraint catalogue_change_is_known check (what in (
        'create_rule', 'draft_rule_version', 'publish_rule_version', 'discard_rule_draft', 'retire_rule',
        'create_limit', 'change_limit', 'create_campaign', 'change_campaign', 'add_budget', 'set_risk_rule',
        'create_reward', 'change_reward', 'add_stock', 'add_coupons', 'create_task', 'change_task', 'set_sign_in', 'set_invitations', 'set_levels',
        'set_job', 'run_job', 'set_activity', 'set_archive', 'acknowledge_discrepancy', 'set_integrity',
        'create_webhook', 'change_webhook', 'rotate_webhook_secret', 'delete_webhook', 'ping_webhook', 'replay_webhook_deliveries',
        'set_alert_rule', 'acknowledge_alert', 'silence_alert', 'resolve_alert', 'set_point_value'))
);
comment on table points.catalogue_change is 'What was done to rules, limits, campaigns, risk rules, rewards, tasks, levels, jobs, activity, the archive, discrepancies, webhooks, alerts, the value of points and the terms of sign-ins and invitations, by whom and under which key, so that a request sent twice is done once. Append-only.';
comment on column points.catalogue_change.client_id is 'Who asked.';
comment on column points.catalogue_change.idempotency_key is 'The client''s key.';
comment on column points.catalogue_change.what is 'What was asked: the function of schema api.';
comment on column points.catalogue_change.code is 'What it was done to; for terms, the wallet.';
comment on column points.catalogue_change.version is 'The version of a rule that it made or changed; null: none.';
comment on column points.catalogue_change.inputs is 'The other inputs as asked.';
comment on column points.catalogue_change.recorded_at is 'When it was done.';

create index catalogue_change_of on points.catalogue_change (code, what);
comment on index points.catalogue_change_of is 'What was done to a campaign or a reward, for alerts and the reconciler.';

reset role;
