create or replace view points.level_step as
select l.wallet, l.code, l.threshold, coalesce(lead(l.threshold) over w, 9007199254740992) as until
from points.level l
join points.wallet k on k.code = l.wallet and k.level_measure = 'ever'
window w as (partition by l.wallet order by l.threshold)
union all
select l.wallet, null, 0, min(l.threshold)
from points.level l
join points.wallet k on k.code = l.wallet and k.level_measure = 'ever'
group by l.wallet
having min(l.threshold) > 0;

comment on view points.level_step is 'The levels of a wallet where all points earned ever count, as intervals of these, without gaps from 0.';
comment on column points.level_step.wallet is 'The wallet.';
comment on column points.level_step.code is 'The level; null: below the lowest.';
comment on column points.level_step.threshold is 'Points earned from which it holds.';
comment on column points.level_step.until is 'Points earned from which the next one holds.';
