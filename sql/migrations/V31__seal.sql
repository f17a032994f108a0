set role jifen_owner;

create table points.seal (
    number      bigint not null,
    entries     bigint not null,
    accounts    bigint not null,
    sealed_at   timestamptz not null,
    bucket      smallint not null,
    previous    bytea not null,
    leaves_root bytea not null,
    root        bytea not null,
    primary key (bucket, number),
    constraint seal_number_positive check (number > 0),
    constraint seal_has_something check (entries > 0 and accounts between 1 and entries),
    constraint seal_hashes_are_sha256 check (length(previous) = 32 and length(leaves_root) = 32 and length(root) = 32)
);
comment on table points.seal is 'Entries of a bucket that nobody can change any more without changing its root, and the roots of all later seals: docs/tamper-evidence.md. Append-only.';
comment on column points.seal.number is 'Number in the bucket, from 1 without gaps.';
comment on column points.seal.entries is 'Entries that it seals.';
comment on column points.seal.accounts is 'Accounts of these: its leaves.';
comment on column points.seal.sealed_at is 'When it was made.';
comment on column points.seal.bucket is 'The bucket.';
comment on column points.seal.previous is 'root of the seal before it; 32 zeros: it is the first.';
comment on column points.seal.leaves_root is 'Root of the Merkle tree over its leaves, by account_id.';
comment on column points.seal.root is 'SHA-256 over all of these: what to keep elsewhere.';

create table points.seal_leaf (
    account_id bigint not null,
    seq        bigint not null,
    number     bigint not null,
    bucket     smallint not null,
    head       bytea not null,
    primary key (bucket, account_id, number),
    constraint seal_leaf_seq_positive check (seq > 0),
    constraint seal_leaf_head_is_sha256 check (length(head) = 32)
);
comment on table points.seal_leaf is 'The end of an account''s hash chain as a seal has it, for accounts with entries in that seal. Append-only.';
comment on column points.seal_leaf.account_id is 'The account.';
comment on column points.seal_leaf.seq is 'The last entry that is sealed.';
comment on column points.seal_leaf.number is 'The seal.';
comment on column points.seal_leaf.bucket is 'Bucket of the account.';
comment on column points.seal_leaf.head is 'The chain up to that entry: SHA-256 over the head before it and points.entry_digest of the entry, entry by entry from 32 zeros.';

create index seal_leaf_of_seal on points.seal_leaf (bucket, number, account_id);
comment on index points.seal_leaf_of_seal is 'The leaves of a seal, in order.';

create table points.seal_window (
    since         timestamptz not null default '-infinity',
    until         timestamptz,
    at_account_id bigint not null default -1,
    mark_at       timestamptz,
    mark_xid      xid8,
    looked_at     timestamptz not null default '-infinity',
    bucket        smallint primary key,
    constraint seal_window_mark_is_whole check ((mark_at is null) = (mark_xid is null))
);
comment on table points.seal_window is 'How far each bucket is sealed.';
comment on column points.seal_window.since is 'What was recorded before this instant is sealed: sealing goes on from there, less a minute.';
comment on column points.seal_window.until is 'since once all accounts are sealed; null: they are.';
comment on column points.seal_window.at_account_id is 'Accounts up to this id are sealed.';
comment on column points.seal_window.mark_at is 'The clock at a mark: what was recorded before is committed or not once all transactions below mark_xid have ended. Null: there is none.';
comment on column points.seal_window.mark_xid is 'The id of the transaction that set the mark, which it got after mark_at. Whoever books has one before he reads the clock.';
comment on column points.seal_window.looked_at is 'When the bucket was sealed last, or nothing was found to seal.';
comment on column points.seal_window.bucket is 'The bucket.';
insert into points.seal_window (bucket) select l.bucket from points.lane l;

reset role;
