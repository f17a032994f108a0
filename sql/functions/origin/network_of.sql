create or replace function points.network_of(p_address inet) returns text
language sql immutable parallel safe
return case
    when family(p_address) = 4 then host(p_address)
    -- An IPv4 address in the clothes of IPv6.
    when set_masklen(p_address, 128) <<= '::ffff:0.0.0.0/96'::inet
        then host('0.0.0.0'::inet + (set_masklen(p_address, 128) - '::ffff:0.0.0.0'::inet))
    else host(network(set_masklen(p_address, 64)))
end;

comment on function points.network_of(inet) is
    'What an address counts as: itself, or for IPv6 its network of 64 bits, since each subscriber has all of one.';
