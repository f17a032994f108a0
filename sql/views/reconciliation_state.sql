create or replace view points.reconciliation_state as
select
    (select max(r.started_at) from points.reconciliation_run r where r.proven_up_to is not null and r.mode = 'full') as last_full_at,
    (select max(r.started_at) from points.reconciliation_run r where r.proven_up_to is not null) as last_incremental_at,
    (select r.proven_up_to from points.reconciliation_run r where r.proven_up_to is not null order by r.id desc limit 1) as proven_up_to,
    (select count(*) from points.discrepancy d where d.state = 'open') as open_discrepancies;

comment on view points.reconciliation_state is 'How the reconciler stands: one row.';
comment on column points.reconciliation_state.last_full_at is 'When the last full run that has ended began; null: none has.';
comment on column points.reconciliation_state.last_incremental_at is 'When the last run of either kind that has ended began; null: none has.';
comment on column points.reconciliation_state.proven_up_to is 'What was booked before this instant is proven; null: nothing is.';
comment on column points.reconciliation_state.open_discrepancies is 'Discrepancies that nobody has acknowledged.';
