create or replace view api.redemption as
select
    r.bucket, r.account_id, r.id, a.user_id, a.wallet, r.reward, r.price, r.status, r.coupon, r.seed, r.weights, r.drawn,
    case when r.seed is not null then points.draw_prize(r.seed, r.weights) end as recomputed, r.prize, r.redeemed_at, r.closed_at, r.closed_by
from points.redemption r
join points.account a on a.bucket = r.bucket and a.id = r.account_id;

comment on view api.redemption is 'Rewards redeemed. Find one by bucket, account_id and id.';
comment on column api.redemption.bucket is 'Bucket of the account.';
comment on column api.redemption.account_id is 'The account.';
comment on column api.redemption.id is 'The operation that took the points.';
comment on column api.redemption.user_id is 'The member.';
comment on column api.redemption.wallet is 'Kind of points.';
comment on column api.redemption.reward is 'The reward.';
comment on column api.redemption.price is 'Points that it cost.';
comment on column api.redemption.status is 'What has become of it.';
comment on column api.redemption.coupon is 'The code handed out; null: not a coupon.';
comment on column api.redemption.seed is 'Chance of the draw; null: not a draw.';
comment on column api.redemption.weights is 'Weights of the prizes when it was drawn, by their numbers.';
comment on column api.redemption.drawn is 'Number of the prize that was drawn.';
comment on column api.redemption.recomputed is 'What points.draw_prize makes of seed and weights now: the same as drawn, or the row was forged.';
comment on column api.redemption.prize is 'Number of the prize given: the one drawn, or the consolation prize if that had run out.';
comment on column api.redemption.redeemed_at is 'When it was booked.';
comment on column api.redemption.closed_at is 'When it was fulfilled or cancelled; null: it is reserved.';
comment on column api.redemption.closed_by is 'The operation that closed it.';
