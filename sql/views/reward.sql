create or replace view api.reward as
select
    w.code, w.name, w.wallet, w.kind, w.price, points.stock_left(w.code) as stock, w.cash_amount::numeric as cash_amount, w.status,
    nullif(w.on_sale_from, '-infinity') as on_sale_from, nullif(w.on_sale_until, 'infinity') as on_sale_until,
    w.quota, w.quota_period, w.created_at
from points.reward w;

comment on view api.reward is 'What members can redeem points for, and how many are left.';
comment on column api.reward.code is 'Name in requests, e.g. UMBRELLA.';
comment on column api.reward.name is 'Name for people.';
comment on column api.reward.wallet is 'Wallet whose points it costs.';
comment on column api.reward.kind is 'What it gives.';
comment on column api.reward.price is 'Points that one costs.';
comment on column api.reward.stock is 'Pieces left; null: unlimited.';
comment on column api.reward.cash_amount is 'Money that the host pays out; null: not cash.';
comment on column api.reward.status is 'Whether it can be redeemed.';
comment on column api.reward.on_sale_from is 'On sale from then on; null: always has been.';
comment on column api.reward.on_sale_until is 'On sale until before then; null: for ever.';
comment on column api.reward.quota is 'How many an account may redeem in a period, those cancelled not counted; null: any number.';
comment on column api.reward.quota_period is 'The period of the quota.';
comment on column api.reward.created_at is 'When it was made.';
