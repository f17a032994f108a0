create or replace view api.reconciliation_check as
select k.name, k.law, k.incremental, r.started_at as last_run_at, q.accounts as accounts_proven,
    (select count(*) from points.discrepancy d where d.check_name = k.name and d.closed_at is null) as discrepancies
from points.reconciliation_check k
left join lateral (
    select q.run, q.accounts from points.reconciliation_result q where q.check_name = k.name order by q.run desc limit 1
) q on true
left join points.reconciliation_run r on r.id = q.run;

comment on view api.reconciliation_check is 'The checks of the reconciler, and what came of each.';
comment on column api.reconciliation_check.name is 'Name of the check.';
comment on column api.reconciliation_check.law is 'The law that it proves.';
comment on column api.reconciliation_check.incremental is 'Whether incremental runs prove it, too.';
comment on column api.reconciliation_check.last_run_at is 'When the last run that proved it, and has ended, began; null: none has.';
comment on column api.reconciliation_check.accounts_proven is 'Accounts that it proved; null: it never ran.';
comment on column api.reconciliation_check.discrepancies is 'Discrepancies that are there, acknowledged or not.';
