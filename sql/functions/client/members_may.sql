create or replace function points.members_may(p_kind points.operation_kind) returns boolean
language sql immutable parallel safe
return p_kind in ('sign_in', 'make_up', 'set_time_zone', 'claim', 'redeem', 'invite', 'join');

comment on function points.members_may(points.operation_kind) is
    'Whether members may ask for an operation of this kind with their own tokens, on their own accounts. Transfers have points.ask_transfer.';
