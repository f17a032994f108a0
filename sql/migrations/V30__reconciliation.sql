set role jifen_owner;

create type points.reconciliation_mode as enum ('full', 'incremental');
comment on type points.reconciliation_mode is 'What a run proves: everything, or what was booked since the point up to which all was proven before.';

create type points.finding as (
    check_name text,
    account_id bigint,
    subject    text,
    evidence   jsonb
);
comment on type points.finding is 'That rows break a law, as a check finds it.';
comment on column points.finding.check_name is 'The check: points.reconciliation_check.';
comment on column points.finding.account_id is 'The account; null: it is about none.';
comment on column points.finding.subject is 'What else it is about, e.g. a reward or a table; empty: the account as a whole.';
comment on column points.finding.evidence is 'What was found, and what should have been.';

create table points.reconciliation_check (
    name        text collate "C" primary key,
    law         text not null,
    incremental boolean not null,
    constraint reconciliation_check_name_is_plain check (name ~ '^[a-z][a-z_]{0,47}$')
);
comment on table points.reconciliation_check is 'The checks there are: sql/checks.sql.';
comment on column points.reconciliation_check.name is 'Name in results and discrepancies.';
comment on column points.reconciliation_check.law is 'The law that it proves.';
comment on column points.reconciliation_check.incremental is 'Whether incremental runs prove it, too, of the accounts that changed.';

create table points.reconciliation_run (
    id            bigint generated always as identity primary key,
    mode          points.reconciliation_mode not null,
    started_at    timestamptz not null,
    ended_at      timestamptz,
    given_up      boolean not null default false,
    since         timestamptz,
    marked_at     timestamptz not null,
    marked_xid    xid8 not null,
    settled_at    timestamptz,
    proven_up_to  timestamptz,
    accounts      bigint not null default 0,
    entries       bigint not null default 0,
    discrepancies bigint not null default 0,
    trial         jsonb,
    constraint reconciliation_run_counts_not_negative check (accounts >= 0 and entries >= 0 and discrepancies >= 0),
    constraint reconciliation_run_full_is_since_ever check (mode = 'incremental' or since = '-infinity'),
    constraint reconciliation_run_proves_when_ended check (proven_up_to is null or ended_at is not null)
);
comment on table points.reconciliation_run is 'Runs of the reconciler. Incremental ones are forgotten after a month.';
comment on column points.reconciliation_run.id is 'Number of the run.';
comment on column points.reconciliation_run.mode is 'What it proves.';
comment on column points.reconciliation_run.started_at is 'When it began.';
comment on column points.reconciliation_run.ended_at is 'When it ended; null: it goes on.';
comment on column points.reconciliation_run.given_up is 'Whether it was given up, since it did not get on for a day.';
comment on column points.reconciliation_run.since is 'It proves accounts on which something was booked from then on; -infinity: all. Null: it is not planned yet.';
comment on column points.reconciliation_run.marked_at is 'When the transaction with its mark began.';
comment on column points.reconciliation_run.marked_xid is 'Its mark, the id of the transaction that began it: a transaction with a later one took it after marked_at, and whoever books reads the clock after that.';
comment on column points.reconciliation_run.settled_at is 'What was recorded before this instant was committed or not when the run began, so that its chunks, whenever they are read, are read as of one instant; each bucket adds what came later by itself. Null: it is not planned yet.';
comment on column points.reconciliation_run.proven_up_to is 'What was booked before this instant is proven, whenever it was committed: the clock at the last mark below the oldest transaction that its snapshots left out. Null: it goes on, or nothing can be said.';
comment on column points.reconciliation_run.accounts is 'Accounts proven.';
comment on column points.reconciliation_run.entries is 'Entries read.';
comment on column points.reconciliation_run.discrepancies is 'Discrepancies found.';
comment on column points.reconciliation_run.trial is 'Full runs: the trial balance, points by pocket and contra account, which sum to 0.';

create unique index reconciliation_run_one_at_a_time on points.reconciliation_run (mode) where ended_at is null;
comment on index points.reconciliation_run_one_at_a_time is 'Whoever wants to run it takes part in the one that goes on.';

create type points.chunk_kind as enum ('entries', 'operations', 'lot_uses', 'bucket', 'stock', 'months', 'outbox', 'rest');
comment on type points.chunk_kind is 'A piece of a run: a range of blocks of the append-only tables is summed up; then a bucket is proven against these sums; what is in no bucket: stocks, archived months, the outbox; and last of all the house.';

create table points.reconciliation_chunk (
    run           bigint not null references points.reconciliation_run on delete cascade,
    no            int not null,
    from_block    bigint,
    to_block      bigint,
    at_account_id bigint not null default -1,
    to_account_id bigint not null default 9223372036854775807,
    snapshot_xid  xid8,
    accounts      bigint not null default 0,
    entries       bigint not null default 0,
    discrepancies bigint not null default 0,
    progress_at   timestamptz,
    kind          points.chunk_kind not null,
    done          boolean not null default false,
    trial         jsonb,
    counts        jsonb not null default '{}',
    special       bigint[],
    buckets       smallint[],
    primary key (run, no),
    constraint reconciliation_chunk_is_blocks_or_a_bucket check (
        (kind in ('entries', 'operations', 'lot_uses')) = (from_block is not null) and (from_block is null) = (to_block is null)
        and (kind = 'bucket') = (buckets is not null))
);
comment on table points.reconciliation_chunk is 'The pieces of a run, each a short transaction (a bucket: some). Whoever works on one holds its row. Gone when the run has ended.';
comment on column points.reconciliation_chunk.run is 'The run.';
comment on column points.reconciliation_chunk.no is 'Number in the run, from 1.';
comment on column points.reconciliation_chunk.from_block is 'First block of each partition; null: it is no range of blocks.';
comment on column points.reconciliation_chunk.to_block is 'Block before which it ends.';
comment on column points.reconciliation_chunk.at_account_id is 'Accounts of the buckets up to this id are proven, or another chunk''s.';
comment on column points.reconciliation_chunk.to_account_id is 'The last account that it may be about.';
comment on column points.reconciliation_chunk.snapshot_xid is 'The oldest transaction that one of its snapshots left out; null: there was none yet.';
comment on column points.reconciliation_chunk.accounts is 'Accounts proven.';
comment on column points.reconciliation_chunk.entries is 'Entries read.';
comment on column points.reconciliation_chunk.discrepancies is 'Discrepancies found.';
comment on column points.reconciliation_chunk.progress_at is 'When something of it was done last; null: nothing was.';
comment on column points.reconciliation_chunk.kind is 'What it is.';
comment on column points.reconciliation_chunk.done is 'Whether all of it is done.';
comment on column points.reconciliation_chunk.trial is 'The trial balance of its bucket; null: it is none, or not weighed.';
comment on column points.reconciliation_chunk.counts is 'Discrepancies found, by check.';
comment on column points.reconciliation_chunk.special is 'Full runs: accounts of the bucket that have rows of which sums know nothing, in order; null: it is not weighed yet.';
comment on column points.reconciliation_chunk.buckets is 'The bucket, or, of an incremental run, buckets; null: it is none.';

create table points.reconciliation_sum (
    run      bigint not null references points.reconciliation_run on delete cascade,
    no       int not null,
    total    numeric not null,
    archived numeric not null,
    strange  bigint not null,
    entries  bigint not null,
    part     smallint not null,
    bucket   smallint not null,
    special  bigint[] not null,
    primary key (bucket, run, no, part)
);
comment on table points.reconciliation_sum is 'What a chunk of the append-only tables comes to for each 64th of the accounts of a bucket. Gone when the run has ended.';
comment on column points.reconciliation_sum.run is 'The run.';
comment on column points.reconciliation_sum.no is 'The chunk.';
comment on column points.reconciliation_sum.total is 'Sum of weights: points.entry_weight, points.operation_weight, points.lot_use_weight.';
comment on column points.reconciliation_sum.archived is 'Sum of what archived entries say of the pockets.';
comment on column points.reconciliation_sum.strange is 'Operations whose id is not their key.';
comment on column points.reconciliation_sum.entries is 'Entries.';
comment on column points.reconciliation_sum.part is 'The accounts: id modulo 64.';
comment on column points.reconciliation_sum.bucket is 'The bucket.';
comment on column points.reconciliation_sum.special is 'Accounts with operations that more than entries and lots come of.';

create table points.reconciliation_result (
    run           bigint not null references points.reconciliation_run on delete cascade,
    check_name    text collate "C" not null references points.reconciliation_check,
    accounts      bigint not null,
    discrepancies bigint not null,
    primary key (run, check_name)
);
comment on table points.reconciliation_result is 'What each check of a run that has ended came to.';
comment on column points.reconciliation_result.run is 'The run.';
comment on column points.reconciliation_result.check_name is 'The check.';
comment on column points.reconciliation_result.accounts is 'Accounts proven.';
comment on column points.reconciliation_result.discrepancies is 'Discrepancies found.';

create type points.discrepancy_state as enum ('open', 'acknowledged', 'closed');
comment on type points.discrepancy_state is 'What has become of a discrepancy: the last run that looked has found it; so it has, and somebody takes care of it; a later full look found it no more.';

create table points.discrepancy (
    id              bigint generated always as identity primary key,
    account_id      bigint,
    first_run       bigint not null,
    last_run        bigint not null,
    first_seen_at   timestamptz not null,
    last_seen_at    timestamptz not null,
    acknowledged_at timestamptz,
    closed_at       timestamptz,
    account_bucket  smallint,
    frozen          boolean not null default false,
    to_freeze       boolean not null default false,
    state           points.discrepancy_state not null default 'open',
    check_name      text collate "C" not null references points.reconciliation_check,
    subject         text collate "C" not null,
    actor           text,
    reason          text,
    evidence        jsonb not null,
    constraint discrepancy_account_is_whole check ((account_id is null) = (account_bucket is null)),
    constraint discrepancy_acknowledged_whole check (num_nulls(acknowledged_at, actor, reason) in (0, 3)),
    constraint discrepancy_state_says_so check (
        (state = 'closed') = (closed_at is not null) and (state <> 'acknowledged' or acknowledged_at is not null))
);
comment on table points.discrepancy is 'Where rows break a law. Nothing repairs itself: see docs/reconciliation.md.';
comment on column points.discrepancy.id is 'Number of the discrepancy.';
comment on column points.discrepancy.account_id is 'The account; null: it is about none.';
comment on column points.discrepancy.first_run is 'The run that found it first; 0: api.reconcile_account.';
comment on column points.discrepancy.last_run is 'The run that found it last; 0: api.reconcile_account.';
comment on column points.discrepancy.first_seen_at is 'When it was found first.';
comment on column points.discrepancy.last_seen_at is 'When it was found last.';
comment on column points.discrepancy.acknowledged_at is 'When somebody said to take care of it; null: nobody has.';
comment on column points.discrepancy.closed_at is 'When it was looked for and found no more; null: it is there.';
comment on column points.discrepancy.account_bucket is 'Bucket of the account.';
comment on column points.discrepancy.frozen is 'Whether the account was frozen because of it.';
comment on column points.discrepancy.to_freeze is 'Whether the account is to be frozen because of it, and is not yet.';
comment on column points.discrepancy.state is 'What has become of it.';
comment on column points.discrepancy.check_name is 'The check that found it.';
comment on column points.discrepancy.subject is 'What else it is about; empty: the account as a whole.';
comment on column points.discrepancy.actor is 'Who acknowledged it.';
comment on column points.discrepancy.reason is 'What that person said.';
comment on column points.discrepancy.evidence is 'What was found, and what should have been.';

create unique index discrepancy_once on points.discrepancy (check_name, coalesce(account_bucket, -1), coalesce(account_id, -1), subject)
    where closed_at is null;
comment on index points.discrepancy_once is 'What is found again is the same discrepancy.';
create index discrepancy_of_account on points.discrepancy (account_bucket, account_id) where closed_at is null;
comment on index points.discrepancy_of_account is 'What is closed when an account is proven.';
create index discrepancy_newest on points.discrepancy (state, id);
comment on index points.discrepancy_newest is 'Discrepancies of each state by number.';

create index discrepancy_to_freeze on points.discrepancy (id) where to_freeze and closed_at is null;
comment on index points.discrepancy_to_freeze is 'Accounts that the next step of a run freezes.';

create table points.guard (
    of_table   text collate "C" not null,
    name       text collate "C" not null,
    definition text not null,
    primary key (of_table, name)
);
comment on table points.guard is 'Constraints and functions of triggers that must be there, as they were when this version was applied: points.guards. A migration that changes a constraint deletes its row.';
comment on column points.guard.of_table is 'Table or domain; of a function: points.';
comment on column points.guard.name is 'The constraint, or the function of triggers.';
comment on column points.guard.definition is 'What it says; of a function, its SHA-256 in hexadecimal.';

alter table points.program add column freezes_discrepancies boolean not null default false;
comment on column points.program.freezes_discrepancies is 'Whether an account is frozen when a discrepancy of it is found for the first time.';

reset role;
