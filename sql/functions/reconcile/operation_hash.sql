create or replace function points.operation_hash(p_account_id bigint, p_id uuid, p_seq bigint, p_recorded_at timestamptz, p_points bigint) returns bigint
language sql immutable parallel safe
return uuid_hash_extended(p_id, timestamp_hash_extended(p_recorded_at at time zone interval '0',
    hashint8extended(p_points, hashint8extended(p_account_id, p_seq)))) >> 3;

comment on function points.operation_hash(bigint, uuid, bigint, timestamptz, bigint) is
    'A hash of 61 bits of what an entry and its operation say of one another.';
