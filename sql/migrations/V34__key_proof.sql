set role jifen_owner;

create table points.key_proof (
    proven_to timestamptz not null,
    total     numeric,
    part      smallint not null,
    bucket    smallint not null,
    primary key (bucket, part)
);
comment on table points.key_proof is 'What the keys of operations came to for each 64th of the accounts of a bucket when the last full run had found them to be hashed into their ids: as long as they come to the same, a run hashes only those that are newer.';
comment on column points.key_proof.proven_to is 'The keys of operations recorded before this instant were looked at.';
comment on column points.key_proof.total is 'Sum of points.operation_weight.key_hash over these; null: some are wrong, so all are looked at again.';
comment on column points.key_proof.part is 'The accounts: id modulo 64.';
comment on column points.key_proof.bucket is 'The bucket.';

alter table points.reconciliation_sum add column proven_keys numeric not null default 0, add column keys numeric not null default 0;
comment on column points.reconciliation_sum.proven_keys is 'Sum of points.operation_weight.key_hash over operations that points.key_proof is about.';
comment on column points.reconciliation_sum.keys is 'The same over all operations.';

reset role;
