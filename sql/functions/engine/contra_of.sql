create or replace function points.contra_of(p_kind points.entry_kind) returns points.contra
language sql immutable parallel safe
return case
    when p_kind in ('earn', 'clawback') then 'issuance'::points.contra
    when p_kind in ('spend', 'capture', 'refund') then 'redemption'
    when p_kind = 'adjust' then 'adjustment'
    when p_kind in ('expire', 'reinstate') then 'expiry'
    when p_kind in ('transfer', 'merge') then 'transfer'
    when p_kind = 'write_off' then 'write_off'
    else 'internal'
end;

comment on function points.contra_of(points.entry_kind) is
    'Account that takes the opposite amount of an entry of this kind.';
