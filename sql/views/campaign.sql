create or replace view api.campaign as
select
    c.code, c.name, c.basis, c.multiplier, c.bonus, c.rules, c.levels, c.priority, c.exclusive, c.member_cap,
    points.stock_left(c.code, -1::smallint) as remaining_budget, c.status, c.starts_at, nullif(c.ends_at, 'infinity') as ends_at,
    c.status = 'active' and now() >= c.starts_at and now() < c.ends_at as running, c.created_at
from points.campaign c;

comment on view api.campaign is 'Points on top of what rules award, for a while.';
comment on column api.campaign.code is 'Name in requests and answers.';
comment on column api.campaign.name is 'Name for people.';
comment on column api.campaign.basis is 'What it adds.';
comment on column api.campaign.multiplier is 'Basis multiplier: it adds floor(award * (multiplier - 1)).';
comment on column api.campaign.bonus is 'Basis bonus: points that it adds.';
comment on column api.campaign.rules is 'Rules whose awards it adds to.';
comment on column api.campaign.levels is 'Levels that it is for; null: all.';
comment on column api.campaign.priority is 'Lowest adds first.';
comment on column api.campaign.exclusive is 'Whether it adds alone.';
comment on column api.campaign.member_cap is 'Points that an account may get by it altogether; null: any.';
comment on column api.campaign.remaining_budget is 'Points left for all members together; null: it has no budget.';
comment on column api.campaign.status is 'What an operator has said.';
comment on column api.campaign.starts_at is 'It adds to what happens from then on.';
comment on column api.campaign.ends_at is 'It adds to what happens before then; null: no end.';
comment on column api.campaign.running is 'Whether it adds to what happens now, as long as the budget lasts.';
comment on column api.campaign.created_at is 'When it was made.';
