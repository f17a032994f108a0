create or replace view api.integrity as
select s.proven_up_to, s.last_full_at, s.last_incremental_at, s.open_discrepancies, p.freezes_discrepancies
from points.reconciliation_state s
cross join points.program p;

comment on view api.integrity is 'How far the books are proven: one row.';
comment on column api.integrity.proven_up_to is 'What was booked before this instant is proven; null: nothing is.';
comment on column api.integrity.last_full_at is 'When the last full run that has ended began; null: none has.';
comment on column api.integrity.last_incremental_at is 'When the last run of either kind that has ended began; null: none has.';
comment on column api.integrity.open_discrepancies is 'Discrepancies that nobody has acknowledged.';
comment on column api.integrity.freezes_discrepancies is 'Whether an account is frozen when a discrepancy of it is found.';
