create or replace function points.new_code(p_bucket smallint, p_chance uuid) returns text
language plpgsql immutable as $$
declare
    v_bytes bytea := decode(replace(p_chance::text, '-', ''), 'hex');
begin
    -- Of a random uuid the bytes from 6 to 9 are not all chance.
    return upper(lpad(to_hex(p_bucket::int), 3, '0')) || (
        select string_agg(substr('23456789ABCDEFGHJKLMNPQRSTUVWXYZ', get_byte(v_bytes, i) % 32 + 1, 1), '' order by i)
        from unnest('{0,1,2,3,4,5,10,11,12,13,14,15}'::int[]) i
    );
end
$$;

comment on function points.new_code(smallint, uuid) is
    'A code of an account in this bucket, made of a random uuid: 60 bits of chance, in letters and digits that nobody takes for each other.';
