create or replace view points.level_terms as
select w.code as wallet, w.level_measure as measure, w.level_downgrade as downgrade, w.level_grace_days as grace_days,
    case w.level_measure when 'rolling_year' then 1 else 12 end as months,
    case w.level_measure when 'rolling_year' then 12 else 1 end as span,
    case w.level_measure when 'rolling_year' then 12 else 1 end
        + case w.level_downgrade when 'one_step' then cardinality(l.thresholds) else 0 end as looks_back,
    w.level_wallet, l.codes, l.thresholds, p.time_zone, p.level_revision as revision
from points.wallet w
cross join points.program p
cross join lateral (
    select coalesce(array_agg(l.code order by l.threshold), '{}') as codes,
        coalesce(array_agg(l.threshold order by l.threshold), '{}') as thresholds
    from points.level l
    where l.wallet = w.code
) l;

comment on view points.level_terms is 'What decides the levels of a wallet, as points.weigh_levels needs it.';
comment on column points.level_terms.wallet is 'The wallet.';
comment on column points.level_terms.measure is 'Which points earned count.';
comment on column points.level_terms.downgrade is 'How far a level falls when a period ends.';
comment on column points.level_terms.grace_days is 'Days after the end of a period until which a level stays.';
comment on column points.level_terms.months is 'Months of a period.';
comment on column points.level_terms.span is 'Periods whose points count together: the present one and those before.';
comment on column points.level_terms.looks_back is 'How many periods ago points may have been earned that matter still, but for those of the days of grace.';
comment on column points.level_terms.level_wallet is 'Wallet whose level is shown instead; null: its own.';
comment on column points.level_terms.codes is 'The levels, lowest first.';
comment on column points.level_terms.thresholds is 'Their thresholds.';
comment on column points.level_terms.time_zone is 'The program''s time zone.';
comment on column points.level_terms.revision is 'program.level_revision.';
