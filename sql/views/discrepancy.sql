create or replace view api.discrepancy as
select d.id, d.check_name, k.law, d.account_bucket, d.account_id, a.user_id, a.wallet, d.subject, d.evidence, d.state::text as state, d.first_run, d.last_run,
    d.first_seen_at, d.last_seen_at, d.closed_at, d.acknowledged_at, d.actor, d.reason, d.frozen
from points.discrepancy d
join points.reconciliation_check k on k.name = d.check_name
left join points.account a on a.bucket = d.account_bucket and a.id = d.account_id;

comment on view api.discrepancy is 'Where rows break a law, now or before.';
comment on column api.discrepancy.id is 'Number of the discrepancy.';
comment on column api.discrepancy.check_name is 'The check that found it.';
comment on column api.discrepancy.law is 'The law that is broken.';
comment on column api.discrepancy.account_bucket is 'Bucket of the account.';
comment on column api.discrepancy.account_id is 'The account; null: it is about none.';
comment on column api.discrepancy.user_id is 'The member; null: erased, or it is about none.';
comment on column api.discrepancy.wallet is 'Kind of points.';
comment on column api.discrepancy.subject is 'What else it is about; empty: the account as a whole.';
comment on column api.discrepancy.evidence is 'What was found, and what should have been.';
comment on column api.discrepancy.state is 'open, acknowledged or closed.';
comment on column api.discrepancy.first_run is 'The run that found it first; 0: api.reconcile_account.';
comment on column api.discrepancy.last_run is 'The run that found it last; 0: api.reconcile_account.';
comment on column api.discrepancy.first_seen_at is 'When it was found first.';
comment on column api.discrepancy.last_seen_at is 'When it was found last.';
comment on column api.discrepancy.closed_at is 'When it was looked for and found no more; null: it is there.';
comment on column api.discrepancy.acknowledged_at is 'When somebody said to take care of it; null: nobody has.';
comment on column api.discrepancy.actor is 'Who did.';
comment on column api.discrepancy.reason is 'What that person said.';
comment on column api.discrepancy.frozen is 'Whether the account was frozen because of it.';
