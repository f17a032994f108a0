create or replace function points.scope_of(p_kind points.operation_kind) returns text
language sql immutable parallel safe
return case
    when p_kind in ('earn', 'sign_in', 'set_time_zone', 'progress', 'claim', 'invite', 'join') then 'earn'
    when p_kind in ('spend', 'hold', 'capture', 'release', 'transfer', 'redeem', 'make_up') then 'spend'
    when p_kind in ('reverse', 'return') then 'reverse'
    when p_kind in ('adjust', 'freeze', 'unfreeze', 'merge', 'unmerge', 'approve', 'reject', 'extend', 'cancel_award', 'activate', 'reinstate') then 'adjust'
    when p_kind in ('fulfil', 'cancel') then 'rewards'
end;

comment on function points.scope_of(points.operation_kind) is
    'The scope that a client needs to ask for an operation of this kind; null: nobody may, it is Jifen''s own.';
