create or replace view points.award_bonus as
select k.code, null as wallet, k.multiplier, k.bonus, k.rules, k.levels, k.priority, k.exclusive, k.member_cap, k.status, k.starts_at, k.ends_at
from points.campaign k
union all
select 'level:' || l.code, l.wallet, l.multiplier, null, w.multiplied_rules, array[l.code], 0, false, null, 'active', '-infinity', 'infinity'
from points.level l
join points.wallet w on w.code = l.wallet
where l.multiplier > 1 and w.multiplied_rules <> '{}';

comment on view points.award_bonus is 'What adds to awards: campaigns, and the multipliers of levels. Those are no campaigns: they have no cap and no budget, and exclusive campaigns do not concern them.';
comment on column points.award_bonus.code is 'Name in operation.detail; level: and the code for a level.';
comment on column points.award_bonus.wallet is 'Wallet of the level; null: a campaign.';
comment on column points.award_bonus.multiplier is 'It adds floor(award * (multiplier - 1)).';
comment on column points.award_bonus.bonus is 'Points that it adds.';
comment on column points.award_bonus.rules is 'Rules whose awards it adds to.';
comment on column points.award_bonus.levels is 'Levels that it is for; null: all.';
comment on column points.award_bonus.priority is 'Lowest adds first.';
comment on column points.award_bonus.exclusive is 'Whether it adds alone.';
comment on column points.award_bonus.member_cap is 'Points that an account may get by it altogether; null: any.';
comment on column points.award_bonus.status is 'Whether it adds.';
comment on column points.award_bonus.starts_at is 'It adds to what happens from then on.';
comment on column points.award_bonus.ends_at is 'It adds to what happens before then.';
