create or replace function api.set_deduction(
    p_points_per_unit int,
    p_max_share numeric default 1,
    p_max_amount numeric default null,
    p_min_points bigint default 1,
    p_decimals smallint default 2,
    p_wallet text default 'points'
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    insert into points.deduction (wallet, points_per_unit, max_share, max_amount, min_points, decimals)
    values (p_wallet, p_points_per_unit, p_max_share, p_max_amount, p_min_points, p_decimals)
    on conflict (wallet) do update
    set points_per_unit = excluded.points_per_unit, max_share = excluded.max_share, max_amount = excluded.max_amount,
        min_points = excluded.min_points, decimals = excluded.decimals;
end
$$;

comment on function api.set_deduction(int, numeric, numeric, bigint, smallint, text) is
    'Sets how points of a wallet pay for orders, from the next hold on: points a unit of currency, share of the order at most, amount at most (null: no cap), points at least, and the currency''s decimals.';
