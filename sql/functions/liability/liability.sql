create or replace function api.liability(p_at timestamptz default null, p_wallet text default 'points')
returns table (at timestamptz, points bigint, held bigint, debt bigint, point_value numeric, value numeric, parts api.liability_part[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_at timestamptz := least(coalesce(p_at, now()), now());
    v_value numeric := points.point_value(p_wallet);
    v_parts api.liability_part[];
begin
    if not exists (select from points.wallet w where w.code = p_wallet) then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'wallet', 'message', 'no such wallet'));
    end if;
    v_parts := array(select p from points.liability_parts(v_at, p_wallet) p);
    return query
        select v_at, q.points, q.held, points.debt_at(v_at, p_wallet), v_value, round((q.points + q.held) * v_value, 4), v_parts
        from (select coalesce(sum(p.points), 0)::bigint as points, coalesce(sum(p.held), 0)::bigint as held from unnest(v_parts) p) q;
end
$$;

comment on function api.liability(timestamptz, text) is
    'What members had at an instant (null, or one to come: now), by month of expiry and source: points that can or will be spent, points held, and debt, as it is booked by now; what had expired by then is left out, booked or not. value: points and held ones at point_value (points.point_value); null: none is known. It reads every open lot, and all that was booked since. Raises LP001 INVALID_INPUT.';
