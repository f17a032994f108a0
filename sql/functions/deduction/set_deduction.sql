create or replace function api.set_deduction(
    p_points_per_unit int,
    p_max_share numeric default 1,
    p_max_amount numeric default null,
    p_min_points bigint default 1,
    p_decimals smallint default 2,
    p_wallet text default 'points'
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
begin
    v_fault := case
        when not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
        when p_points_per_unit is null or p_points_per_unit < 1 then array['points_per_unit', 'must be positive']
        when p_max_share is null or not (p_max_share > 0 and p_max_share <= 1) then array['max_share', 'must be above 0 and at most 1']
        when not (p_max_amount >= 0 and p_max_amount < 1e12) or scale(p_max_amount) > 8
            then array['max_amount', 'must be from 0 to less than 1000000000000, with at most 8 decimals']
        when p_min_points is null or p_min_points not between 1 and 9007199254740991
            then array['min_points', 'must be from 1 to 9007199254740991']
        when p_decimals is null or p_decimals not between 0 and 4 then array['decimals', 'must be from 0 to 4']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    insert into points.deduction (wallet, points_per_unit, max_share, max_amount, min_points, decimals)
    values (p_wallet, p_points_per_unit, p_max_share, p_max_amount, p_min_points, p_decimals)
    on conflict (wallet) do update
    set points_per_unit = excluded.points_per_unit, max_share = excluded.max_share, max_amount = excluded.max_amount,
        min_points = excluded.min_points, decimals = excluded.decimals;
end
$$;

comment on function api.set_deduction(int, numeric, numeric, bigint, smallint, text) is
    'Sets how points of a wallet pay for orders, from the next hold on: points a unit of currency, share of the order at most, amount at most (null: no cap), points at least, and the currency''s decimals. Raises LP001 INVALID_INPUT.';
