create or replace view points.operation_weight as
select o.ctid as place, o.bucket, o.account_id, o.seq, o.recorded_at, o.id, o.kind, o.rule, o.points,
    case when o.seq is not null then points.operation_hash(o.account_id, o.id, o.seq, o.recorded_at, abs(o.points)) end as weight,
    position(uuid_send(o.id) in sha256(convert_to(o.client_id::text || ':' || o.idempotency_key, 'UTF8'))) <> 1
        and (o.client_id <> 2 or o.counterparty_id is null) as strange,
    uuid_hash_extended(o.id, hashtextextended(o.idempotency_key, o.client_id)) >> 3 as key_hash
from points.operation o;

comment on view points.operation_weight is 'What operations weigh for the reconciler: see points.part_sums.';
comment on column points.operation_weight.place is 'Where the row lies in its table.';
comment on column points.operation_weight.bucket is 'Bucket of the account.';
comment on column points.operation_weight.account_id is 'The account.';
comment on column points.operation_weight.seq is 'seq of its entry.';
comment on column points.operation_weight.recorded_at is 'When it was booked.';
comment on column points.operation_weight.id is 'Its id.';
comment on column points.operation_weight.kind is 'What was asked.';
comment on column points.operation_weight.rule is 'Rule that it earns by.';
comment on column points.operation_weight.points is 'Points that it was about.';
comment on column points.operation_weight.weight is 'Its weight; null: it moved nothing.';
comment on column points.operation_weight.strange is 'Whether its id is not its key, hashed. A member''s answer to an offer is hashed with the name, which may be erased, so it is never strange.';
comment on column points.operation_weight.key_hash is 'Hash of its id and its key: points.key_proof.';
