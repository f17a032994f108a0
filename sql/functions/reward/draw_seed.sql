create or replace function points.draw_seed(p_chance uuid, p_account_id bigint, p_operation_id uuid) returns bytea
language sql immutable parallel safe
return sha256(uuid_send(p_chance) || int8send(p_account_id) || uuid_send(p_operation_id));

comment on function points.draw_seed(uuid, bigint, uuid) is
    'Seed of a draw: SHA-256 over p_chance, 122 strong random bits that a call makes for itself and never tells, and the account''s and the operation''s id, so that each draw of the call has another.';
