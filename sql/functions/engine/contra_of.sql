create or replace function points.contra_of(p_kind points.entry_kind) returns points.contra
language sql immutable parallel safe
return case p_kind
    when 'earn' then 'issuance'::points.contra
    when 'spend' then 'redemption'
    when 'adjust' then 'adjustment'
    when 'expire' then 'expiry'
    when 'activate' then 'internal'
end;

comment on function points.contra_of(points.entry_kind) is
    'Account that takes the opposite amount of an entry of this kind.';
