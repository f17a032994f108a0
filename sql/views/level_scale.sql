create or replace view points.level_scale as
select l.wallet, array_agg(l.threshold order by l.threshold) as thresholds, array_agg(l.code order by l.threshold) as codes
from points.level l
group by l.wallet;

comment on view points.level_scale is 'The levels of a wallet as arrays: codes[width_bucket(earned, thresholds)] is the level, null below the lowest.';
comment on column points.level_scale.wallet is 'The wallet.';
comment on column points.level_scale.thresholds is 'Thresholds, rising.';
comment on column points.level_scale.codes is 'Codes of the levels in the same order.';
