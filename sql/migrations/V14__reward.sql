set role jifen_owner;

create type points.reward_kind as enum ('goods', 'coupon', 'draw', 'cash');
comment on type points.reward_kind is 'What a redemption gives: goods that the host delivers, a code of the pool, a prize by chance, or money that the host pays out.';

create type points.reward_status as enum ('active', 'paused', 'retired');
comment on type points.reward_status is 'Whether a reward can be redeemed: active, not for now, or never again.';

create type points.quota_period as enum ('day', 'week', 'month', 'year', 'ever');
comment on type points.quota_period is 'What a quota counts in, by the program''s time zone; weeks begin on Monday.';

create type points.redemption_status as enum ('reserved', 'fulfilled', 'cancelled');
comment on type points.redemption_status is 'What has become of a redemption: reserved at first, and then one of the others for good.';

create table points.reward (
    code          text collate "C" primary key,
    name          text not null,
    wallet        text collate "C" not null references points.wallet,
    kind          points.reward_kind not null,
    price         bigint not null,
    unlimited     boolean not null,
    cash_amount   points.money,
    status        points.reward_status not null default 'active',
    on_sale_from  timestamptz not null default '-infinity',
    on_sale_until timestamptz not null default 'infinity',
    quota         int,
    quota_period  points.quota_period,
    created_at    timestamptz not null,
    constraint reward_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    constraint reward_name_length check (length(name) between 1 and 128),
    constraint reward_price_in_range check (price between 1 and 9007199254740991),
    constraint reward_cash_has_its_amount check ((kind = 'cash') = (coalesce(cash_amount, 0) > 0)),
    constraint reward_coupon_is_limited check (kind <> 'coupon' or not unlimited),
    constraint reward_sale_ends_after_it_begins check (on_sale_until > on_sale_from),
    constraint reward_quota_positive check (quota > 0),
    constraint reward_quota_has_its_period check ((quota is null) = (quota_period is null))
);
comment on table points.reward is 'What members can redeem points for: the terms. How many are left is in points.stock and points.stock_slice.';
comment on column points.reward.code is 'Name in requests, e.g. UMBRELLA.';
comment on column points.reward.name is 'Name for people.';
comment on column points.reward.wallet is 'Wallet whose points it costs.';
comment on column points.reward.kind is 'What it gives.';
comment on column points.reward.price is 'Points that one costs.';
comment on column points.reward.unlimited is 'Whether there is no stock to count.';
comment on column points.reward.cash_amount is 'Money that the host pays out; null: not cash.';
comment on column points.reward.status is 'Whether it can be redeemed.';
comment on column points.reward.on_sale_from is 'On sale from then on.';
comment on column points.reward.on_sale_until is 'On sale until before then; infinity: for ever.';
comment on column points.reward.quota is 'How many an account may redeem in a period, those cancelled not counted; null: any number.';
comment on column points.reward.quota_period is 'The period of the quota.';
comment on column points.reward.created_at is 'When it was made.';

create table points.prize (
    reward text collate "C" not null references points.reward,
    no     smallint not null,
    name   text not null,
    weight int not null,
    consolation boolean not null,
    primary key (reward, no),
    constraint prize_no_in_range check (no between 1 and 100),
    constraint prize_name_length check (length(name) between 1 and 128),
    constraint prize_weight_in_range check (weight between 0 and 1000000)
);
comment on table points.prize is 'What a reward of the kind draw gives by chance. Rows never change: other odds are another reward. Append-only.';
comment on column points.prize.reward is 'The reward.';
comment on column points.prize.no is 'Number of the prize in the draw, from 1 without gaps.';
comment on column points.prize.name is 'Name for people.';
comment on column points.prize.weight is 'Its chance is its weight out of the sum of weights, however much is left.';
comment on column points.prize.consolation is 'The prize without a stock, which also stands in for one that has run out: one a draw.';

create unique index prize_one_consolation on points.prize (reward) where consolation;
comment on index points.prize_one_consolation is 'A draw has one consolation prize.';

create table points.stock (
    item      text collate "C" not null,
    prize     smallint not null,
    remaining bigint not null,
    primary key (item, prize),
    constraint stock_not_negative check (remaining >= 0),
    constraint stock_is_safe_integer check (remaining <= 9007199254740991)
) with (fillfactor = 50);
comment on table points.stock is 'What is left of a reward, a prize or a campaign''s budget and not yet in a slice: points.stock_slice takes from here.';
comment on column points.stock.item is 'The reward; or, where prize is -1, the campaign.';
comment on column points.stock.prize is 'The prize; 0: the reward itself; -1: a campaign''s budget, in points.';
comment on column points.stock.remaining is 'Pieces or points left here.';

create table points.stock_slice (
    remaining bigint not null,
    bucket    smallint not null,
    prize     smallint not null,
    item      text collate "C" not null,
    primary key (bucket, item, prize),
    constraint stock_slice_not_negative check (remaining >= 0)
) with (fillfactor = 50);
comment on table points.stock_slice is 'What a bucket holds of a reward''s or prize''s stock, so that operations in different buckets do not wait for each other. A slice that has too little asks points.stock, and then the other slices.';
comment on column points.stock_slice.remaining is 'Pieces or points left here.';
comment on column points.stock_slice.bucket is 'Bucket whose accounts take from it.';
comment on column points.stock_slice.prize is 'The prize; 0: the reward itself; -1: a campaign''s budget, in points.';
comment on column points.stock_slice.item is 'The reward; or, where prize is -1, the campaign.';

create table points.coupon (
    reward            text collate "C" not null references points.reward,
    no                bigint not null,
    code              text collate "C" not null,
    account_id        bigint,
    redemption_id     uuid,
    handed_out_at     timestamptz,
    redemption_bucket smallint,
    primary key (reward, no),
    constraint coupon_code_once_per_reward unique (reward, code),
    constraint coupon_code_length check (length(code) between 1 and 128),
    constraint coupon_is_handed_out_whole check (
        num_nulls(redemption_bucket, account_id, redemption_id, handed_out_at) in (0, 4))
);
comment on table points.coupon is 'The pool of codes of rewards of the kind coupon. A code is handed out once, for good: cancelling a redemption does not bring it back.';
comment on column points.coupon.reward is 'The reward.';
comment on column points.coupon.no is 'Place in the pool, from 1: the order of handing out.';
comment on column points.coupon.code is 'The code.';
comment on column points.coupon.account_id is 'Account that has it; null: nobody yet.';
comment on column points.coupon.redemption_id is 'Redemption that it was handed out for.';
comment on column points.coupon.handed_out_at is 'When.';
comment on column points.coupon.redemption_bucket is 'Bucket of the account that has it.';

create index coupon_in_pool on points.coupon (reward, no) where redemption_id is null;
comment on index points.coupon_in_pool is 'Codes that can be handed out.';
create index coupon_of_account on points.coupon (redemption_bucket, account_id) where account_id is not null;
comment on index points.coupon_of_account is 'Codes that accounts have, for the reconciler.';

create table points.redemption (
    account_id      bigint not null,
    id              uuid not null,
    price           bigint not null,
    redeemed_at     timestamptz not null,
    closed_at       timestamptz,
    closed_by       uuid,
    quota_starts_at timestamptz,
    bucket          smallint not null,
    drawn           smallint,
    prize           smallint,
    status          points.redemption_status not null,
    quota_period    points.quota_period,
    reward          text collate "C" not null,
    coupon          text,
    seed            bytea,
    weights         int[],
    primary key (bucket, account_id, id),
    constraint redemption_price_positive check (price > 0),
    constraint redemption_closed_once_and_whole check (
        (status = 'reserved') = (closed_at is null) and (closed_at is null) = (closed_by is null)),
    constraint redemption_quota_has_its_period check ((quota_period is null) = (quota_starts_at is null)),
    constraint redemption_draw_is_whole check (num_nulls(seed, weights, drawn, prize) in (0, 4)),
    constraint redemption_seed_is_sha256 check (length(seed) = 32),
    constraint redemption_drawn_is_one_of_the_weights check (drawn between 1 and cardinality(weights))
);
comment on table points.redemption is 'A reward redeemed, with what was promised and what has become of it. Written in the transaction that takes the points.';
comment on column points.redemption.account_id is 'The account.';
comment on column points.redemption.id is 'The operation that took the points.';
comment on column points.redemption.price is 'Points that it cost.';
comment on column points.redemption.redeemed_at is 'When it was booked.';
comment on column points.redemption.closed_at is 'When it was fulfilled or cancelled; null: it is reserved.';
comment on column points.redemption.closed_by is 'The operation that closed it.';
comment on column points.redemption.quota_starts_at is 'Begin of the period whose quota it counts in; null: there was no quota.';
comment on column points.redemption.bucket is 'Bucket of the account.';
comment on column points.redemption.drawn is 'Number of the prize that seed and weights choose: points.draw_prize. Null: not a draw.';
comment on column points.redemption.prize is 'Number of the prize given: the one drawn, or the consolation prize if that had run out.';
comment on column points.redemption.status is 'What has become of it.';
comment on column points.redemption.quota_period is 'Kind of the period whose quota it counts in.';
comment on column points.redemption.reward is 'The reward.';
comment on column points.redemption.coupon is 'The code handed out; null: not a coupon.';
comment on column points.redemption.seed is 'Chance of the draw, 32 bytes that nobody could know before: points.draw_seed.';
comment on column points.redemption.weights is 'Weights of the prizes when it was drawn, by their numbers.';

create index redemption_newest on points.redemption (bucket, account_id, redeemed_at, id);
comment on index points.redemption_newest is 'An account''s redemptions by time.';

create table points.quota_use (
    account_id bigint not null,
    starts_at  timestamptz not null,
    used       int not null,
    quota      int not null,
    bucket     smallint not null,
    period     points.quota_period not null,
    reward     text collate "C" not null,
    primary key (bucket, account_id, reward, period, starts_at),
    constraint quota_use_within_quota check (used between 0 and quota)
);
comment on table points.quota_use is 'How many of a reward an account has redeemed in a period, those cancelled not counted.';
comment on column points.quota_use.account_id is 'The account.';
comment on column points.quota_use.starts_at is 'Begin of the period.';
comment on column points.quota_use.used is 'Redemptions that count.';
comment on column points.quota_use.quota is 'The quota when it was last used.';
comment on column points.quota_use.bucket is 'Bucket of the account.';
comment on column points.quota_use.period is 'Kind of the period.';
comment on column points.quota_use.reward is 'The reward.';

reset role;
