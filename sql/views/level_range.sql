create or replace view points.level_range as
select t.wallet, coalesce(t.codes[r.rank], '') as level, coalesce(t.thresholds[r.rank], 0) as from_points,
    coalesce(t.thresholds[r.rank + 1], 9007199254740992) as until_points, t.measure,
    case when t.level_wallet is null then 'infinity' else '-infinity' end::timestamptz as ends_at, t.revision
from points.level_terms t
cross join lateral generate_series(0, cardinality(t.codes)) as r(rank);

comment on view points.level_range is 'Which points make which level, for the reconciler, which looks at all accounts.';
comment on column points.level_range.wallet is 'The wallet.';
comment on column points.level_range.level is 'The level; empty: none.';
comment on column points.level_range.from_points is 'The points from which on it is that.';
comment on column points.level_range.until_points is 'The points at which it is the next one: balance.level_until where all points ever earned count.';
comment on column points.level_range.measure is 'Which points earned count.';
comment on column points.level_range.ends_at is 'balance.level_ends_at where all points ever earned count.';
comment on column points.level_range.revision is 'program.level_revision.';
