create or replace function points.contra_weight(p_account_id bigint, p_contra int) returns bigint
language sql immutable parallel safe return hashint8extended(p_account_id, -p_contra) & 2147483647;

comment on function points.contra_weight(bigint, int) is
    'A weight of 31 bits for a counter of an account: 1 earned, 2 spent, 3 expired, 4 adjusted, 5 transferred.';
