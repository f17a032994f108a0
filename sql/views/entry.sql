create or replace view api.entry as
select
    e.bucket, e.account_id, e.seq, a.user_id, a.wallet, e.operation_id, e.kind, e.pending_delta, e.available_delta, e.held_delta, e.debt_delta,
    e.pending_after::bigint as pending_after, e.available_after::bigint as available_after, e.held_after::bigint as held_after, e.debt_after::bigint as debt_after, points.contra_of(e.kind)::text as contra, e.occurred_at, e.recorded_at
from points.entry_history e
join points.account a on a.bucket = e.bucket and a.id = e.account_id;

comment on view api.entry is 'What moved, entry by entry.';
comment on column api.entry.bucket is 'Bucket of the account.';
comment on column api.entry.account_id is 'The account.';
comment on column api.entry.seq is 'Number within the account, from 1 without gaps.';
comment on column api.entry.user_id is 'The member.';
comment on column api.entry.wallet is 'Kind of points.';
comment on column api.entry.operation_id is 'The operation, within the same account.';
comment on column api.entry.kind is 'What it books.';
comment on column api.entry.pending_delta is 'Change of pending.';
comment on column api.entry.available_delta is 'Change of available.';
comment on column api.entry.held_delta is 'Change of held.';
comment on column api.entry.debt_delta is 'Change of debt.';
comment on column api.entry.pending_after is 'pending after it.';
comment on column api.entry.available_after is 'available after it.';
comment on column api.entry.held_after is 'held after it.';
comment on column api.entry.debt_after is 'debt after it.';
comment on column api.entry.contra is 'Account that takes the opposite amount.';
comment on column api.entry.occurred_at is 'When it happened in the world.';
comment on column api.entry.recorded_at is 'When it was booked.';
