create or replace view api.reconciliation_run as
select r.id, r.mode::text as mode, r.started_at, r.ended_at, r.given_up, r.since, r.proven_up_to,
    coalesce(c.accounts, r.accounts) as accounts, coalesce(c.entries, r.entries) as entries, coalesce(c.discrepancies, r.discrepancies) as discrepancies,
    coalesce(c.done, 0) as chunks_done, coalesce(c.chunks, 0) as chunks, r.trial
from points.reconciliation_run r
left join lateral (
    select sum(c.accounts)::bigint as accounts, sum(c.entries)::bigint as entries, sum(c.discrepancies)::bigint as discrepancies,
        count(*) filter (where c.done) as done, count(*) as chunks
    from points.reconciliation_chunk c
    where c.run = r.id
    having count(*) > 0
) c on true;

comment on view api.reconciliation_run is 'Runs of the reconciler, with how far those have come that go on.';
comment on column api.reconciliation_run.id is 'Number of the run.';
comment on column api.reconciliation_run.mode is 'full or incremental.';
comment on column api.reconciliation_run.started_at is 'When it began.';
comment on column api.reconciliation_run.ended_at is 'When it ended; null: it goes on.';
comment on column api.reconciliation_run.given_up is 'Whether it was given up, since nobody went on with it for a day.';
comment on column api.reconciliation_run.since is 'It proves accounts on which something was booked from then on; -infinity: all; null: it is not planned yet.';
comment on column api.reconciliation_run.proven_up_to is 'What was booked before this instant is proven; null: see ended_at.';
comment on column api.reconciliation_run.accounts is 'Accounts proven.';
comment on column api.reconciliation_run.entries is 'Entries read.';
comment on column api.reconciliation_run.discrepancies is 'Discrepancies found.';
comment on column api.reconciliation_run.chunks_done is 'Pieces done, while it goes on.';
comment on column api.reconciliation_run.chunks is 'Pieces that it has, while it goes on.';
comment on column api.reconciliation_run.trial is 'Full runs that have ended: the trial balance, points by pocket and contra account, which sum to 0.';
