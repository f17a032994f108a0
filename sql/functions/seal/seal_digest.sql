create or replace function points.seal_digest(
    p_of_bucket smallint, p_number bigint, p_entries bigint, p_accounts bigint, p_sealed_at timestamptz, p_previous bytea, p_leaves_root bytea
) returns bytea
language sql stable parallel safe
return sha256('\x02'::bytea || int2send(p_of_bucket) || int8send(p_number) || int8send(p_entries) || int8send(p_accounts)
    || timestamptz_send(p_sealed_at) || p_previous || p_leaves_root);

comment on function points.seal_digest(smallint, bigint, bigint, bigint, timestamptz, bytea, bytea) is
    'Root of a seal: SHA-256 over the byte 2, bucket (2 bytes), number, entries, accounts, sealed_at (8 each), the root before it and the root of its leaves.';
