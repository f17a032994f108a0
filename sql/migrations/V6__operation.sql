set role jifen_owner;

create type points.operation_kind as enum (
    'earn', 'spend', 'adjust', 'hold', 'capture', 'release', 'reverse', 'return', 'transfer', 'redeem', 'fulfil', 'cancel', 'freeze', 'unfreeze', 'merge', 'unmerge', 'approve', 'reject',
    'sign_in', 'make_up', 'set_time_zone', 'progress', 'claim', 'invite', 'join',
    'extend', 'cancel_award', 'activate', 'reinstate',
    'expire', 'repay', 'write_off', 'receive', 'forward', 'erase');
comment on type points.operation_kind is 'What is asked for. From expire on they are Jifen''s own, but for erase, which api.execute_erase takes; activate and reinstate are so, too, where they name no original.';

create type points.operation_facts as (
    kind         points.operation_kind,
    points       bigint,
    seq          bigint,
    refusal      text,
    rule         text,
    rule_version int,
    original     uuid,
    reason       text,
    actor        text
);
comment on type points.operation_facts is 'Columns of points.operation that must fit together.';
comment on column points.operation_facts.kind is 'What was asked.';
comment on column points.operation_facts.points is 'Points that it was about.';
comment on column points.operation_facts.seq is 'seq of its entry.';
comment on column points.operation_facts.refusal is 'Why it was refused.';
comment on column points.operation_facts.rule is 'Rule that it earns by.';
comment on column points.operation_facts.rule_version is 'Version of that rule.';
comment on column points.operation_facts.original is 'The operation that this one is about.';
comment on column points.operation_facts.reason is 'Why it was asked.';
comment on column points.operation_facts.actor is 'Person behind it.';

-- A session prepares a domain's checks once, but those of a table anew in every statement: these alone took 60 us of a call.
create domain points.operation_shape as points.operation_facts
    constraint operation_points_fit_kind check ((value).points >= 0 or (value).kind in ('adjust', 'reverse', 'reject', 'erase'))
    constraint operation_moves_points_by_an_entry check ((value).points = 0 or (value).seq is not null)
    constraint operation_refused_moves_nothing check ((value).refusal is null or (value).points = 0 and (value).seq is null)
    constraint operation_refusal_is_final check ((value).refusal in (
        'INSUFFICIENT_POINTS', 'LIMIT_REACHED', 'ACCOUNT_FROZEN', 'HOLD_CLOSED', 'NOT_REVERSIBLE', 'ALREADY_REVERSED', 'RETURN_TOO_LARGE',
        'UNKNOWN_OPERATION', 'REDEMPTION_CLOSED', 'ALREADY_SIGNED_IN', 'DAY_OUT_OF_RANGE', 'ALREADY_EARNED', 'ALREADY_CLAIMED', 'ALREADY_INVITED',
        'NOT_INVITABLE', 'AWARD_DENIED', 'REVIEW_CLOSED', 'NOT_PENDING'))
    constraint operation_nothing_only_from_earn check (
        (value).points <> 0 or (value).refusal is not null or (value).kind in (
            'earn', 'release', 'return', 'fulfil', 'freeze', 'unfreeze', 'merge', 'unmerge', 'approve', 'forward', 'erase', 'sign_in', 'make_up',
            'set_time_zone', 'progress', 'claim', 'invite', 'join', 'extend', 'activate'))
    constraint operation_earn_names_rule_version check (
        ((value).kind in ('earn', 'sign_in', 'claim')) = ((value).rule is not null) and ((value).rule is null) = ((value).rule_version is null))
    constraint operation_original_fits_kind check (
        case when (value).kind in ('capture', 'reverse', 'fulfil', 'cancel', 'receive', 'approve', 'reject', 'cancel_award') then (value).original is not null
            when (value).kind in ('release', 'transfer', 'extend', 'activate', 'reinstate') then true else (value).original is null end)
    constraint operation_adjust_has_reason_and_actor check (
        (value).kind not in ('adjust', 'freeze', 'unfreeze', 'merge', 'unmerge', 'approve', 'reject', 'erase', 'extend', 'cancel_award')
            and ((value).kind not in ('activate', 'reinstate') or (value).original is null)
        or (coalesce(length((value).reason), 0) > 0 and coalesce(length((value).actor), 0) > 0));
comment on domain points.operation_shape is 'How the columns of an operation fit together: its checks, by name.';

create table points.operation (
    account_id      bigint not null,
    id              uuid not null,
    recorded_at     timestamptz not null,
    occurred_at     timestamptz,
    points          points.flow not null,
    requested       points.flow,
    seq             bigint,
    original        uuid,
    counterparty_id bigint,
    available_at    timestamptz,
    expires_at      timestamptz,
    client_id       int not null,
    kind            points.operation_kind not null,
    rule_version    int,
    counterparty_bucket smallint,
    bucket          smallint not null,
    idempotency_key points.idempotency_key not null,
    rule            text,
    order_key       text collate "C",
    reward          text,
    subject         text,
    amount          points.money,
    refusal         text,
    reason          text,
    actor           text,
    detail          jsonb,
    metadata        jsonb,
    primary key (bucket, account_id, id),
    constraint operation_is_in_shape check (
        row(kind, points, seq, refusal, rule, rule_version, original, reason, actor)::points.operation_shape is distinct from null)
) with (autovacuum_vacuum_insert_scale_factor = 0.02);
comment on table points.operation is 'What was asked, by whom, under which idempotency key, with which inputs, and what came of it: one row a request that was carried out or finally refused. It is the claim of the key, the raw event for replays, and the header of the entry. Append-only.';
comment on column points.operation.account_id is 'The account.';
comment on column points.operation.id is 'api.operation_id(client_id, idempotency_key): the key, hashed to 16 bytes, so that claiming it and finding it by an entry are the same small index.';
comment on column points.operation.recorded_at is 'When it was booked; also partition of its entry.';
comment on column points.operation.occurred_at is 'When it happened, as asked; null: when it was recorded.';
comment on column points.operation.points is 'Points that it was about: in for earn, sign_in, claim and receive, out for spend, redeem, make_up and transfer, reserved for hold, spent for capture, given back for release and cancel; pending and available together that went from the one account to the other for merge, unmerge and forward, on both; either sign for adjust, reverse, reject and erase (what was written off, less what was owed); 0 when refused or when nothing was due.';
comment on column points.operation.requested is 'Points as asked, or steps of a task; null: the rule decides.';
comment on column points.operation.seq is 'seq of its entry; null: it moved nothing.';
comment on column points.operation.original is 'The operation that this one captures, releases, reverses, fulfils, cancels, approves or rejects (its hold, or the one undone); the award whose points are activated, cancelled or extended; the expiry whose points come back; for transfer, the offer that was accepted; for receive, the sender''s transfer; null: none.';
comment on column points.operation.counterparty_id is 'The other account of a transfer or of its reversal, of the offer of one, or of a merge; null: none of these.';
comment on column points.operation.counterparty_bucket is 'Bucket of the other account.';
comment on column points.operation.order_key is 'The host''s order that it belongs to; null: none, or, for an earn by an amount, the one that the idempotency key names.';
comment on column points.operation.reward is 'Reward redeemed; null: not a redemption.';
comment on column points.operation.subject is 'What it is done for: the local day made up (YYYY-MM-DD), the time zone set, the task, the code of an invitation, or the instant before which the lots that were extended expired (UTC); null: none of these.';
comment on column points.operation.available_at is 'When the points granted become available; null: it granted none.';
comment on column points.operation.expires_at is 'When the points granted, extended or brought back expire, or a hold ends; null or infinity: never, or neither.';
comment on column points.operation.client_id is 'Who asked (points.client).';
comment on column points.operation.kind is 'What was asked.';
comment on column points.operation.rule_version is 'Version of the rule that decided the award.';
comment on column points.operation.bucket is 'Bucket of the account.';
comment on column points.operation.idempotency_key is 'The client''s key: unique for the client and account for ever. Kept for ever, so it must not name a member.';
comment on column points.operation.rule is 'Rule that it earns by: as asked, or for sign_in and claim the one of the terms; null: it does not earn.';
comment on column points.operation.amount is 'Amount of money that the rule used, of the order that points were spent on, or returned; in the program''s currency.';
comment on column points.operation.refusal is 'Why it was refused, for good; null: carried out.';
comment on column points.operation.reason is 'Why, in the words of who asked, kept for ever, so not for personal data; obligatory for adjust, freeze, unfreeze, merge, unmerge, approve, reject, extend, cancel_award, activate and reinstate.';
comment on column points.operation.actor is 'Person behind the request, by a name that may be kept for ever; obligatory for adjust, freeze, unfreeze, merge, unmerge, approve, reject, extend, cancel_award, activate and reinstate.';
comment on column points.operation.detail is 'Facts of the refusal, or of what came of it.';
comment on column points.operation.metadata is 'Whatever the host wants to keep with it for ever: no personal data.';

create index operation_recorded on points.operation using brin (recorded_at) with (autosummarize = on);
comment on index points.operation_recorded is 'What was recorded lately, for the reconciler and for the flows. It costs an insert next to nothing: rows lie in the order of time.';
create index operation_order_key on points.operation (bucket, account_id, order_key) where order_key is not null;
comment on index points.operation_order_key is 'What belongs to an order.';

create type api.origin as (
    address inet,
    device  text
);
comment on type api.origin is 'Where an award was asked for: what limits and risk rules by address and device look at. It is not kept, but for a keyed hash to count by.';
comment on column api.origin.address is 'Network address of the member; an IPv6 one counts as its network of 64 bits. Null: unknown.';
comment on column api.origin.device is 'The host''s name for the device, 1 to 128 characters; null: unknown.';

create type api.request as (
    kind            points.operation_kind,
    user_id         text,
    wallet          text,
    client_id       int,
    idempotency_key text,
    rule            text,
    order_key       text,
    reward          text,
    original        uuid,
    counterparty    text,
    amount          numeric,
    points          bigint,
    occurred_at     timestamptz,
    expires_at      timestamptz,
    reason          text,
    actor           text,
    metadata        jsonb,
    subject         text,
    origin          api.origin
);
comment on type api.request is 'One operation as asked for. Null wallet: points. Null occurred_at: now.';
comment on column api.request.kind is 'What is asked; none of Jifen''s own.';
comment on column api.request.user_id is 'The member, 1 to 64 characters.';
comment on column api.request.wallet is 'Kind of points; null: points.';
comment on column api.request.client_id is 'Who asks (points.client).';
comment on column api.request.idempotency_key is 'The client''s key, 1 to 128 characters; the same key and request again give the first outcome.';
comment on column api.request.rule is 'Rule to earn by; null: not an earn.';
comment on column api.request.order_key is 'The host''s order that it belongs to, 1 to 128 characters; null: none, or, for an earn by an amount, the one that the idempotency key names.';
comment on column api.request.reward is 'Reward to redeem; null: not a redemption.';
comment on column api.request.original is 'Id of the operation to reverse, of the award to approve or reject, of the hold to capture or release, or of the redemption to fulfil or cancel.';
comment on column api.request.counterparty is 'The member who receives a transfer, or the one to merge into: for api.execute_pair.';
comment on column api.request.amount is 'Amount of money: for rules that take one, of the order that points are spent on, or returned.';
comment on column api.request.points is 'Points to spend, hold, transfer, to adjust by (either sign), or to earn where the rule takes points; to capture, null: all; expected price of a reward; steps of a task.';
comment on column api.request.occurred_at is 'When it happened; null: now.';
comment on column api.request.expires_at is 'When the points that an adjustment grants, or that are extended or reinstated, expire, or a hold ends; null: never.';
comment on column api.request.reason is 'Why, at most 500 characters; obligatory for adjust, freeze, unfreeze, merge, unmerge, approve, reject, extend, cancel_award, activate and reinstate.';
comment on column api.request.actor is 'Person behind the request, at most 128 characters; obligatory for adjust, freeze, unfreeze, merge, unmerge, approve, reject, extend, cancel_award, activate and reinstate.';
comment on column api.request.metadata is 'A JSON object that is kept with it, at most 4096 characters.';
comment on column api.request.subject is 'The local day to make up (YYYY-MM-DD), the time zone to set, the task to work on or to claim, the code of an invitation to join by, or the instant (2030-01-31T23:59:59.999999Z) before which lots expire that are extended; null for other kinds.';
comment on column api.request.origin is 'Where the member is, for earn, sign_in and claim; null: unknown. Not part of what the key stands for: the same request from elsewhere is the same request.';

reset role;
