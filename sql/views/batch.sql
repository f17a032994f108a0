create or replace view api.batch as
select
    b.ticket, b.client_id, c.name as client, b.idempotency_key::text as idempotency_key, b.label,
    (case when b.done_at is not null then 'done' when b.started_at is not null then 'running' else 'queued' end)::points.batch_state as state,
    b.size, b.size - b.done - b.refused - b.failed as waiting, b.done, b.refused, b.failed,
    b.queued_at, b.started_at, b.done_at, b.attempts
from points.batch b
join points.client c on c.id = b.client_id
where b.queued_at is not null;

comment on view api.batch is 'Operations that were submitted together and are carried out later, and how that goes: one row a ticket. api.batch_rows tells what came of each row.';
comment on column api.batch.ticket is 'Names it.';
comment on column api.batch.client_id is 'Whose it is (points.client).';
comment on column api.batch.client is 'Name of that client.';
comment on column api.batch.idempotency_key is 'The client''s key of the batch.';
comment on column api.batch.label is 'Name for people; null: none.';
comment on column api.batch.state is 'How far it has come.';
comment on column api.batch.size is 'Rows.';
comment on column api.batch.waiting is 'Rows that are not answered yet.';
comment on column api.batch.done is 'Rows carried out, now or earlier under their keys.';
comment on column api.batch.refused is 'Rows refused.';
comment on column api.batch.failed is 'Rows set aside.';
comment on column api.batch.queued_at is 'When it was whole, and its rows began to wait.';
comment on column api.batch.started_at is 'When the first of its rows were taken; null: not yet.';
comment on column api.batch.done_at is 'When its last row was answered; null: not yet.';
comment on column api.batch.attempts is 'How often the rows that are next were tried; above 1: faults hold it up.';
