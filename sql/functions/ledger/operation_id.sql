create or replace function api.operation_id(p_client_id int, p_idempotency_key text) returns uuid
language sql stable parallel safe
return encode(substr(sha256(convert_to(p_client_id::text || ':' || p_idempotency_key, 'UTF8')), 1, 16), 'hex')::uuid;

comment on function api.operation_id(int, text) is
    'Id of the operation that a client asked for under a key: the first 16 bytes of SHA-256 over client id, a colon and the key. Unique within an account. Where a member answers an offer with a token of his own, his user_id follows the key, after a line feed.';
