set role jifen_owner;

create type points.campaign_basis as enum ('multiplier', 'bonus');
comment on type points.campaign_basis is 'What a campaign adds to an award: a multiple of it, or fixed points.';

create type points.campaign_status as enum ('active', 'paused', 'ended');
comment on type points.campaign_status is 'Whether a campaign adds anything; ended is for good.';

create table points.campaign (
    code       text collate "C" primary key,
    name       text not null,
    basis      points.campaign_basis not null,
    multiplier numeric,
    bonus      bigint,
    rules      text[] not null,
    levels     text[],
    priority   int not null,
    exclusive  boolean not null,
    member_cap bigint,
    status     points.campaign_status not null,
    starts_at  timestamptz not null,
    ends_at    timestamptz not null,
    created_at timestamptz not null,
    constraint campaign_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    constraint campaign_name_length check (length(name) between 1 and 128),
    constraint campaign_basis_has_its_input check (
        (basis = 'multiplier') = (multiplier is not null) and (basis = 'bonus') = (bonus is not null)),
    constraint campaign_multiplier_in_range check (multiplier > 1 and multiplier <= 100 and scale(multiplier) <= 6),
    constraint campaign_bonus_in_range check (bonus between 1 and 9007199254740991),
    constraint campaign_names_rules check (cardinality(rules) between 1 and 100 and num_nulls(variadic rules) = 0),
    constraint campaign_names_levels check (cardinality(levels) between 1 and 100 and num_nulls(variadic levels) = 0),
    constraint campaign_priority_in_range check (priority between 1 and 1000),
    constraint campaign_member_cap_in_range check (member_cap between 1 and 9007199254740991),
    constraint campaign_ends_after_it_starts check (ends_at > starts_at)
);
comment on table points.campaign is 'Points on top of what rules award, for a while: bonus = multiplier: floor(award * (multiplier - 1)); bonus: its points, where the rule awards any. Its budget, if it has one, is points.stock with prize -1.';
comment on column points.campaign.code is 'Name in requests and answers, e.g. SPRING.';
comment on column points.campaign.name is 'Name for people.';
comment on column points.campaign.basis is 'What it adds. Never changes.';
comment on column points.campaign.multiplier is 'Basis multiplier: 2 doubles the award of the rule; bonuses of other campaigns are not multiplied.';
comment on column points.campaign.bonus is 'Basis bonus: points that it adds to an award.';
comment on column points.campaign.rules is 'Rules whose awards it adds to.';
comment on column points.campaign.levels is 'Levels of members that it is for, as they are when the award is booked; null: all.';
comment on column points.campaign.priority is 'Campaigns add in this order, lowest first, then by code.';
comment on column points.campaign.exclusive is 'Adds alone: if it is the first for an award no other adds, and if it is not, it does not.';
comment on column points.campaign.member_cap is 'Points that an account may get by it altogether; null: any.';
comment on column points.campaign.status is 'Whether it adds anything.';
comment on column points.campaign.starts_at is 'It adds to what happens from then on.';
comment on column points.campaign.ends_at is 'It adds to what happens before then; infinity: no end.';
comment on column points.campaign.created_at is 'When it was made.';

create table points.campaign_use (
    account_id bigint not null,
    points     bigint not null,
    cap        bigint not null,
    bucket     smallint not null,
    campaign   text collate "C" not null,
    primary key (bucket, account_id, campaign),
    constraint campaign_use_within_cap check (points between 0 and cap)
) with (fillfactor = 60);
comment on table points.campaign_use is 'What an account has got by a campaign that has a cap for each member.';
comment on column points.campaign_use.account_id is 'The account.';
comment on column points.campaign_use.points is 'Points got.';
comment on column points.campaign_use.cap is 'member_cap when it got some last.';
comment on column points.campaign_use.bucket is 'Bucket of the account.';
comment on column points.campaign_use.campaign is 'The campaign.';

create type points.share as (
    allowed   bigint,
    campaigns text[],
    bonuses   bigint[],
    refused   boolean,
    detail    jsonb,
    budgeted  boolean,
    capped    boolean,
    base      bigint,
    room      bigint
);
comment on type points.share is 'What limits and campaigns make of an award; null: none concerns it.';
comment on column points.share.allowed is 'Points of the award, bonuses included.';
comment on column points.share.campaigns is 'Campaigns that add to it, in their order.';
comment on column points.share.bonuses is 'Points that each of them adds.';
comment on column points.share.refused is 'Whether a limit refuses it.';
comment on column points.share.detail is 'What there is to say of it: base (points by the rule), campaigns (points by each), limit (the one that cut or refused it), cut (points).';
comment on column points.share.budgeted is 'Whether one of them has a budget.';
comment on column points.share.capped is 'Whether one of them has a cap for each member.';
comment on column points.share.base is 'Points by the rule.';
comment on column points.share.room is 'Points that limits leave which cut what exceeds; null: there is no such limit.';

reset role;
