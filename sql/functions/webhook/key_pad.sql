create or replace function points.key_pad(p_key bytea, p_byte int) returns bytea
language plpgsql immutable as $$
begin
    return (
        select string_agg(set_byte('\x00', 0, (case when n.no < length(p_key) then get_byte(p_key, n.no) else 0 end) # p_byte), '' order by n.no)
        from generate_series(0, 63) as n(no)
    );
end
$$;

comment on function points.key_pad(bytea, int) is
    'A key of at most 64 bytes, filled up with zeros to 64, each xor p_byte: 54 and 92 are the inner and the outer pad of HMAC-SHA-256.';
