create or replace view points.queue_state as
select 0::bigint as waiting, null::timestamptz as oldest_at;

comment on view points.queue_state is 'Awards that were taken in and wait to be carried out: one row.';
comment on column points.queue_state.waiting is 'How many.';
comment on column points.queue_state.oldest_at is 'Since when the oldest has waited; null: none does.';
