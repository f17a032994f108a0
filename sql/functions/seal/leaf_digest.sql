create or replace function points.leaf_digest(p_of_bucket smallint, p_account_id bigint, p_seq bigint, p_head bytea) returns bytea
language sql immutable parallel safe
return sha256('\x00'::bytea || int2send(p_of_bucket) || int8send(p_account_id) || int8send(p_seq) || p_head);

comment on function points.leaf_digest(smallint, bigint, bigint, bytea) is
    'Leaf of a seal: SHA-256 over the byte 0, bucket (2 bytes), account_id, seq (8 each) and the head of the chain.';
