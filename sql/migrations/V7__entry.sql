set role jifen_owner;

create type points.entry_kind as enum (
    'earn', 'spend', 'adjust', 'hold', 'capture', 'release', 'clawback', 'refund', 'transfer', 'activate', 'expire', 'reinstate',
    'repay', 'write_off');
comment on type points.entry_kind is 'What an entry books.';

create type points.contra as enum ('issuance', 'redemption', 'adjustment', 'expiry', 'transfer', 'write_off', 'internal');
comment on type points.contra is 'Account that takes the opposite amount of an entry; internal: none does, points moved between pockets.';

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
    contra          points.contra not null,
    bucket          smallint not null,
    primary key (bucket, account_id, seq, recorded_at),
    constraint entry_seq_positive check (seq > 0),
    constraint entry_contra_fits_kind check (
        case kind
            when 'earn' then contra = 'issuance' and pending_delta + available_delta > 0 and held_delta = 0 and debt_delta = 0
            when 'spend' then contra = 'redemption' and available_delta < 0 and pending_delta = 0 and held_delta = 0 and debt_delta = 0
            when 'adjust' then contra = 'adjustment' and pending_delta <= 0 and pending_delta + available_delta - debt_delta <> 0
                and held_delta = 0 and debt_delta >= 0
            when 'hold' then contra = 'internal' and available_delta < 0 and held_delta = -available_delta and pending_delta = 0 and debt_delta = 0
            when 'capture' then contra = 'redemption' and available_delta >= 0 and held_delta < -available_delta and pending_delta = 0 and debt_delta = 0
            when 'release' then contra = 'internal' and available_delta > 0 and held_delta = -available_delta and pending_delta = 0 and debt_delta = 0
            when 'clawback' then contra = 'issuance' and pending_delta <= 0 and available_delta <= 0 and debt_delta >= 0
                and pending_delta + available_delta < debt_delta and held_delta = 0
            when 'refund' then contra = 'redemption' and available_delta > 0 and pending_delta = 0 and held_delta = 0 and debt_delta = 0
            when 'transfer' then contra = 'transfer' and pending_delta <= 0 and held_delta <= 0 and debt_delta >= 0
                and pending_delta + available_delta + held_delta - debt_delta <> 0
            when 'activate' then contra = 'internal' and available_delta > 0 and pending_delta = -available_delta and held_delta = 0 and debt_delta = 0
            when 'expire' then contra = 'expiry' and available_delta < 0 and pending_delta = 0 and held_delta = 0 and debt_delta = 0
            when 'reinstate' then contra = 'expiry' and available_delta > 0 and pending_delta = 0 and held_delta = 0 and debt_delta = 0
            when 'repay' then contra = 'internal' and available_delta < 0 and debt_delta = available_delta and pending_delta = 0 and held_delta = 0
            when 'write_off' then contra = 'write_off' and held_delta = 0 and greatest(pending_delta, available_delta, debt_delta) <= 0
                and least(pending_delta, available_delta, debt_delta) < 0
        end)
) partition by range (recorded_at);
comment on table points.entry is 'What moved: one row an account touched by an operation, with the pockets after it. Each row is a whole double entry: contra takes minus their net (pending, available and held, less debt). Append-only, in monthly partitions.';
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
comment on column points.entry.contra is 'Account that takes the opposite amount.';
comment on column points.entry.bucket is 'Bucket of the account.';

create table points.entry_default partition of points.entry default;
comment on table points.entry_default is 'Takes entries of months that have no partition yet, so that a write never fails; api.create_partitions() empties it.';

reset role;
