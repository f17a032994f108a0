create or replace view points.queue_state as
select coalesce((select sum(t.waiting) from points.batch_turn t), 0)::bigint as waiting,
    (select min(b.queued_at) from points.batch b where b.due_at is not null) as oldest_at;

comment on view points.queue_state is 'Rows of batches that were taken in and wait to be carried out: one row.';
comment on column points.queue_state.waiting is 'How many.';
comment on column points.queue_state.oldest_at is 'Since when the oldest batch has waited that is not done; null: none does.';
