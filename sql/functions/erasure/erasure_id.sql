create or replace function points.erasure_id(p_request api.request) returns uuid
language sql stable parallel safe
return left(encode(sha256(convert_to(
    p_request.client_id::text || ':' || p_request.idempotency_key || chr(10) || p_request.user_id, 'UTF8')), 'hex'), 32)::uuid;

comment on function points.erasure_id(api.request) is
    'What the same erasure is known by when it is asked again: the first 16 bytes of SHA-256 over client, key and user_id.';
