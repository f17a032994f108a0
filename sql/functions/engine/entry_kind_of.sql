create or replace function points.entry_kind_of(p_kind points.operation_kind) returns points.entry_kind
language sql immutable parallel safe
return case
    when p_kind in ('earn', 'sign_in', 'set_time_zone', 'progress', 'claim', 'invite', 'join') then 'earn'::points.entry_kind
    when p_kind in ('spend', 'redeem', 'make_up') then 'spend'
    when p_kind = 'adjust' then 'adjust'
    when p_kind = 'hold' then 'hold'
    when p_kind = 'capture' then 'capture'
    when p_kind = 'release' then 'release'
    when p_kind = 'reinstate' then 'reinstate'
    when p_kind in ('transfer', 'receive') then 'transfer'
end;

comment on function points.entry_kind_of(points.operation_kind) is
    'What the entry of an operation of this kind books; null: it books none by itself, or it depends on what is reversed.';
