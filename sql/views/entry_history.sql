create or replace view points.entry_history as
select * from points.entry
union all
select * from points.entry_archive;

comment on view points.entry_history is 'All entries, archived or not.';
comment on column points.entry_history.account_id is 'The account.';
comment on column points.entry_history.seq is 'Number within the account, from 1 without gaps; the account''s version after it.';
comment on column points.entry_history.operation_id is 'The operation, within the same account.';
comment on column points.entry_history.pending_delta is 'Change of pending.';
comment on column points.entry_history.available_delta is 'Change of available.';
comment on column points.entry_history.held_delta is 'Change of held.';
comment on column points.entry_history.debt_delta is 'Change of debt.';
comment on column points.entry_history.pending_after is 'pending after it.';
comment on column points.entry_history.available_after is 'available after it.';
comment on column points.entry_history.held_after is 'held after it.';
comment on column points.entry_history.debt_after is 'debt after it.';
comment on column points.entry_history.occurred_at is 'When it happened in the world.';
comment on column points.entry_history.recorded_at is 'When it was booked.';
comment on column points.entry_history.kind is 'What it books.';
comment on column points.entry_history.bucket is 'Bucket of the account.';
