create or replace function points.counted(p_number numeric, p_what text default 'point') returns text
language sql immutable parallel safe
return p_number || ' ' || p_what || case when p_number = 1 then '' else 's' end;

comment on function points.counted(numeric, text) is
    'A number of things in words, e.g. 2 points; null: null.';
