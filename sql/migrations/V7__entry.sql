set role jifen_owner;

create type points.entry_kind as enum (
    'earn', 'spend', 'adjust', 'hold', 'capture', 'release', 'clawback', 'refund', 'transfer', 'merge', 'activate', 'expire', 'reinstate',
    'repay', 'write_off');
comment on type points.entry_kind is 'What an entry books.';

create type points.contra as enum ('issuance', 'redemption', 'adjustment', 'expiry', 'transfer', 'write_off', 'internal');
comment on type points.contra is 'Account that takes the opposite amount of an entry; internal: none does, points moved between pockets.';

create type points.entry_facts as (
    kind points.entry_kind,
    seq  bigint,
    net  bigint
);
comment on type points.entry_facts is 'What must fit together in points.entry.';
comment on column points.entry_facts.kind is 'What it books.';
comment on column points.entry_facts.seq is 'Number within the account.';
comment on column points.entry_facts.net is 'What the three pockets get, less debt: what its contra account gives.';

-- See points.operation_shape.
create domain points.entry_shape as points.entry_facts
    constraint entry_seq_positive check ((value).seq > 0)
    constraint entry_nets_as_its_kind_says check (
        case
            when (value).kind in ('earn', 'refund', 'reinstate') then (value).net > 0
            when (value).kind in ('spend', 'capture', 'clawback', 'expire') then (value).net < 0
            when (value).kind = 'merge' then true
            when (value).kind in ('adjust', 'transfer', 'write_off') then (value).net <> 0
            else (value).net = 0
        end);
comment on domain points.entry_shape is 'What an entry of each kind may do: the checks of an entry, by name.';

create table points.entry (
    account_id      bigint not null,
    seq             bigint not null,
    operation_id    uuid not null,
    pending_delta   bigint not null,
    available_delta bigint not null,
    held_delta      bigint not null,
    debt_delta      bigint not null,
    pending_after   points.pocket not null,
    available_after points.pocket not null,
    held_after      points.pocket not null,
    debt_after      points.pocket not null,
    occurred_at     timestamptz not null,
    recorded_at     timestamptz not null,
    kind            points.entry_kind not null,
    bucket          smallint not null,
    primary key (bucket, account_id, seq, recorded_at),
    constraint entry_is_in_shape check (
        row(kind, seq, pending_delta + available_delta + held_delta - debt_delta)::points.entry_shape is distinct from null)
) partition by range (recorded_at);
comment on table points.entry is 'What moved: one row an account touched by an operation, with the pockets after it. Each row is a whole double entry: points.contra_of(kind) takes minus their net (pending, available and held, less debt). Append-only, in monthly partitions.';
comment on column points.entry.account_id is 'The account.';
comment on column points.entry.seq is 'Number within the account, from 1 without gaps; the account''s version after it.';
comment on column points.entry.operation_id is 'The operation, within the same account.';
comment on column points.entry.pending_delta is 'Change of pending.';
comment on column points.entry.available_delta is 'Change of available.';
comment on column points.entry.held_delta is 'Change of held.';
comment on column points.entry.debt_delta is 'Change of debt.';
comment on column points.entry.pending_after is 'pending after it.';
comment on column points.entry.available_after is 'available after it.';
comment on column points.entry.held_after is 'held after it.';
comment on column points.entry.debt_after is 'debt after it.';
comment on column points.entry.occurred_at is 'When it happened in the world.';
comment on column points.entry.recorded_at is 'When it was booked.';
comment on column points.entry.kind is 'What it books.';
comment on column points.entry.bucket is 'Bucket of the account.';

-- Each of its ranges is summarized as soon as the next one begins: what has not been is read whole.
create index entry_recorded_brin on points.entry using brin (recorded_at) with (autosummarize = on);
comment on index points.entry_recorded_brin is 'What was booked in a while, for points.count_flows_step and the reconciler. It costs an insert next to nothing: rows lie in the order of time.';

create table points.entry_default partition of points.entry default;
comment on table points.entry_default is 'Takes entries of months that have no partition yet, so that a write never fails; api.create_partitions() empties it.';

reset role;
