create or replace function points.entry_digest(p_entry points.entry) returns bytea
language sql stable parallel safe
return sha256(
    int2send((p_entry).bucket) || int8send((p_entry).account_id) || int8send((p_entry).seq) || uuid_send((p_entry).operation_id)
    || int8send((p_entry).pending_delta) || int8send((p_entry).available_delta) || int8send((p_entry).held_delta) || int8send((p_entry).debt_delta)
    || int8send((p_entry).pending_after) || int8send((p_entry).available_after) || int8send((p_entry).held_after) || int8send((p_entry).debt_after)
    || timestamptz_send((p_entry).occurred_at) || timestamptz_send((p_entry).recorded_at) || convert_to((p_entry).kind::text, 'UTF8'));

comment on function points.entry_digest(points.entry) is
    'SHA-256 over an entry''s columns: bucket (2 bytes), account_id, seq (8 each), operation_id (16), the four deltas and the four pockets after it (8 each), occurred_at, recorded_at (8 each: microseconds since 2000-01-01 00:00 UTC), kind (its letters). Numbers are signed, the highest byte first.';
