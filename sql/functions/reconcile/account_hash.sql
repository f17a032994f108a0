create or replace function points.account_hash(p_account_id bigint, p_seq bigint, p_pending bigint, p_available bigint, p_held bigint, p_debt bigint)
returns bigint
language sql immutable parallel safe
return hashint8extended(p_pending, hashint8extended(p_available, hashint8extended(p_held, hashint8extended(p_debt, hashint8extended(p_account_id, p_seq))))) >> 3;

comment on function points.account_hash(bigint, bigint, bigint, bigint, bigint, bigint) is
    'A hash of 61 bits of an account''s pockets after an entry. Summed up over what entries say is after them, less what they say was before, all but the ends cancel out where each goes on from the one before.';
