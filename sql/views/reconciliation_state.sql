create or replace view points.reconciliation_state as
select null::timestamptz as last_full_at, null::timestamptz as last_incremental_at, null::timestamptz as proven_up_to, 0::bigint as open_discrepancies;

comment on view points.reconciliation_state is 'How far the books are proven: one row.';
comment on column points.reconciliation_state.last_full_at is 'When everything was last proven; null: never.';
comment on column points.reconciliation_state.last_incremental_at is 'When what had changed was last proven; null: never.';
comment on column points.reconciliation_state.proven_up_to is 'Entries up to this instant are proven; null: none are.';
comment on column points.reconciliation_state.open_discrepancies is 'What was found not to add up and is not resolved.';
