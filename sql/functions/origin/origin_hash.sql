create or replace function points.origin_hash(p_kind text, p_value text) returns bytea
language sql stable parallel safe
return (
    select sha256(k.outer_pad || sha256(k.inner_pad || convert_to(p_kind || ':' || p_value, 'UTF8'))) from points.origin_key k
);

comment on function points.origin_hash(text, text) is
    'HMAC-SHA-256 of an address or device: what is kept of it. p_kind: address or device.';
