set role jifen_owner;

create type points.batch_state as enum ('queued', 'running', 'done');
comment on type points.batch_state is 'How far a batch has come: nobody has begun with it; some of its rows are answered or being carried out; all are answered.';

create type points.row_state as enum ('waiting', 'done', 'refused', 'failed');
comment on type points.row_state is 'What has become of a row of a batch: it waits or is being carried out; it was carried out, now or earlier under its key; it was refused; it could not be carried out, and was set aside.';

alter table points.program
    add column batch_rows bigint not null default 10000000,
    add column batch_rows_a_client bigint not null default 2000000,
    add column batch_days int not null default 7,
    add constraint program_batch_rows_in_range check (batch_rows_a_client between 1 and batch_rows and batch_rows <= 1000000000),
    add constraint program_batch_days_in_range check (batch_days between 1 and 90);
comment on column points.program.batch_rows is 'Rows of batches that may wait altogether; more are refused before they are stored.';
comment on column points.program.batch_rows_a_client is 'Rows of batches of one client that may wait.';
comment on column points.program.batch_days is 'Days for which batches and the answers of their rows are kept after the last row was answered.';

create table points.batch (
    ticket          uuid primary key default gen_random_uuid(),
    touched_at      timestamptz not null,
    queued_at       timestamptz,
    started_at      timestamptz,
    done_at         timestamptz,
    due_at          timestamptz,
    tried_since     timestamptz,
    client_id       int not null references points.client,
    size            int not null default 0,
    done            int not null default 0,
    refused         int not null default 0,
    failed          int not null default 0,
    at_no           int not null default 1,
    fence           int not null default 0,
    attempts        int not null default 0,
    unanswered      int not null default 0,
    idempotency_key points.idempotency_key,
    label           text,
    fingerprint     bytea,
    constraint batch_key_once_per_client unique (client_id, idempotency_key),
    constraint batch_key_when_whole check (num_nulls(idempotency_key, fingerprint, queued_at) in (0, 3)),
    constraint batch_label_length check (length(label) between 1 and 128),
    constraint batch_fingerprint_is_sha256 check (length(fingerprint) = 32),
    constraint batch_size_in_range check (size between 0 and 1000000),
    constraint batch_answers_within_size check (least(done, refused, failed) >= 0 and done + refused + failed <= size),
    constraint batch_done_when_all_answered check ((done_at is not null) = (queued_at is not null and done + refused + failed = size)),
    constraint batch_due_until_done check ((due_at is not null) = (queued_at is not null and done_at is null)),
    constraint batch_attempts_not_negative check (at_no > 0 and attempts <= fence and unanswered between 0 and attempts and (attempts = 0) = (tried_since is null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
comment on table points.batch is 'Operations that were submitted together and are carried out later, and how that goes: one row a ticket. Deleted some days after it is done (program.batch_days).';
comment on column points.batch.ticket is 'Names it.';
comment on column points.batch.touched_at is 'When rows of it last came in. One that does not become whole within an hour is deleted.';
comment on column points.batch.queued_at is 'When it was whole, and its rows began to wait; null: it is being uploaded, and nothing of it is carried out.';
comment on column points.batch.started_at is 'When its first piece was taken; null: not yet.';
comment on column points.batch.done_at is 'When its last row was answered; null: not yet.';
comment on column points.batch.due_at is 'Since when its next piece may be taken; when one is taken, when it may be taken again if nobody answers. Null: it is not whole, or done.';
comment on column points.batch.tried_since is 'When the piece at at_no was first taken; null: not yet.';
comment on column points.batch.client_id is 'Whose it is: its rows are operations of this client.';
comment on column points.batch.size is 'Rows.';
comment on column points.batch.done is 'Rows carried out, now or earlier under their keys.';
comment on column points.batch.refused is 'Rows refused.';
comment on column points.batch.failed is 'Rows set aside.';
comment on column points.batch.at_no is 'The first piece that may be left. Where it is known, dead rows of pieces before it cost nothing.';
comment on column points.batch.fence is 'Fencing token: raised whenever a piece is taken, and whenever one is answered for, and never lowered, so that whoever has taken a piece answers for it once, and only as long as nobody else has taken it.';
comment on column points.batch.attempts is 'How often the piece at at_no was tried: taken, and not given back as it was.';
comment on column points.batch.unanswered is 'How often since somebody last answered for it.';
comment on column points.batch.idempotency_key is 'The client''s key of the batch: unique among its batches as long as they are kept. Null: it is not whole.';
comment on column points.batch.label is 'Name for people; null: none.';
comment on column points.batch.fingerprint is 'SHA-256 of the rows, as whoever submits computes it.';

create index batch_due on points.batch (client_id, due_at) where due_at is not null;
comment on index points.batch_due is 'What is to be carried out, by client.';
create index batch_done on points.batch (done_at) where done_at is not null;
comment on index points.batch_done is 'What may be deleted.';
create index batch_not_whole on points.batch (touched_at) where queued_at is null;
comment on index points.batch_not_whole is 'Uploads, of which some may have been abandoned.';

create table points.batch_turn (
    client_id int primary key references points.client,
    waiting   bigint not null default 0,
    served_at timestamptz not null default '-infinity',
    constraint batch_turn_waiting_not_negative check (waiting >= 0)
) with (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
comment on table points.batch_turn is 'Whose turn it is: clients with batches take turns, a piece each. Whoever takes in, takes, or answers for rows of a client writes its row.';
comment on column points.batch_turn.client_id is 'The client.';
comment on column points.batch_turn.waiting is 'Rows of its batches that are not answered, those of uploads included.';
comment on column points.batch_turn.served_at is 'When a piece of it was last taken.';

create table points.batch_piece (
    ticket  uuid not null references points.batch,
    no      int not null,
    numbers int[] not null,
    rows    jsonb not null,
    primary key (ticket, no),
    constraint batch_piece_rows_are_numbered check (jsonb_array_length(rows) = cardinality(numbers) and cardinality(numbers) between 1 and 500)
) with (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
    toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000, toast.autovacuum_vacuum_cost_delay = 0);
comment on table points.batch_piece is 'The queue: up to 500 rows of a batch that wait. Written once, and deleted when they are answered; of one that was answered in part, the rest stays.';
comment on column points.batch_piece.ticket is 'The batch.';
comment on column points.batch_piece.no is 'Number within it, from 1: piece n has rows 500 * (n - 1) + 1 to 500 * n.';
comment on column points.batch_piece.numbers is 'Numbers of its rows within the batch, from 1.';
comment on column points.batch_piece.rows is 'The rows as api.request, without the client: an array of objects. They name members until they are answered.';

create table points.batch_result (
    ticket  uuid not null references points.batch,
    no      int not null,
    attempt int not null,
    done    int not null,
    refused int not null,
    failed  int not null,
    results jsonb not null,
    primary key (ticket, no, attempt),
    constraint batch_result_counts_its_rows check (least(done, refused, failed) >= 0 and done + refused + failed = jsonb_array_length(results))
);
comment on table points.batch_result is 'Answers of the rows of a piece: one row for each attempt that brought any, written once. Names no members.';
comment on column points.batch_result.ticket is 'The batch.';
comment on column points.batch_result.no is 'The piece.';
comment on column points.batch_result.attempt is 'The attempt; 0: they were set aside when they came in.';
comment on column points.batch_result.done is 'How many were carried out.';
comment on column points.batch_result.refused is 'How many were refused.';
comment on column points.batch_result.failed is 'How many were set aside.';
comment on column points.batch_result.results is 'An array of objects in the order of number: number, key, state; points and operation if it was carried out; code, message and details if not.';

reset role;
