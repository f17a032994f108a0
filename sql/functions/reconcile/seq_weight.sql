create or replace function points.seq_weight(p_account_id bigint, p_seq bigint) returns bigint
language sql immutable parallel safe return hashint8extended(p_account_id, p_seq) & 2147483647;

comment on function points.seq_weight(bigint, bigint) is
    'A weight of 31 bits for an entry of an account: sums of points that are equal with these weights are equal for each entry by itself.';
