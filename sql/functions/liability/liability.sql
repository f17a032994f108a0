create or replace function api.liability(p_at timestamptz default null, p_wallet text default 'points')
returns table (at timestamptz, points bigint, held bigint, debt bigint, point_value numeric, value numeric, parts api.liability_part[])
language plpgsql stable security definer set search_path = '' set enable_seqscan = on set plan_cache_mode = auto as $$
declare
    v_at timestamptz := least(coalesce(p_at, now()), now());
    v_zone text := (select p.time_zone from points.program p);
    v_value numeric := points.point_value(p_wallet);
    v_debt bigint;
    v_parts api.liability_part[];
begin
    if not exists (select from points.wallet w where w.code = p_wallet) then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'wallet', 'message', 'no such wallet'));
    end if;
    v_parts := array(
        select row(q.month, q.source, sum(q.points)::bigint, sum(q.held)::bigint)::api.liability_part
        from (
            select case when r.place <= 999 then r.month end as month, case when r.place <= 999 then r.source end as source, r.points, r.held
            from (
                select m.month, m.source, sum(m.points) as points, sum(m.held) as held,
                    row_number() over (order by sum(m.points) + sum(m.held) desc) as place
                from (
                    select date_trunc('month', nullif(l.expires_at, 'infinity') at time zone v_zone)::date as month, l.source, l.points, l.held
                    from (
                        select l.bucket, l.account_id, l.source, l.expires_at, l.points, 0::bigint as held
                        from points.lots_at(v_at) l
                        where l.expires_at > v_at
                        union all
                        select h.bucket, h.account_id, u.source, u.expires_at, 0, u.points
                        from points.hold h
                        join points.lot_use_history u on u.bucket = h.bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
                        where h.held_at <= v_at and (h.closed_at is null or h.closed_at > v_at)
                    ) l
                    join points.account a on a.bucket = l.bucket and a.id = l.account_id and a.wallet = p_wallet
                ) m
                group by m.month, m.source
            ) r
        ) q
        group by q.month, q.source
        order by q.month, q.source
    );
    v_debt := (
        select coalesce(sum(b.debt), 0)::bigint from points.balance b
        join points.account a on a.bucket = b.bucket and a.id = b.account_id and a.wallet = p_wallet
    ) - (
        select coalesce(sum(e.debt_delta), 0)::bigint from points.entry_history e
        join points.account a on a.bucket = e.bucket and a.id = e.account_id and a.wallet = p_wallet
        where e.recorded_at > v_at
    );
    return query
        select v_at, q.points, q.held, v_debt, v_value, round((q.points + q.held) * v_value, 4), v_parts
        from (select coalesce(sum(p.points), 0)::bigint as points, coalesce(sum(p.held), 0)::bigint as held from unnest(v_parts) p) q;
end
$$;

comment on function api.liability(timestamptz, text) is
    'What members had at an instant (null, or one to come: now), by month of expiry and source: points that can or will be spent, points held, and debt, as it is booked by now; what had expired by then is left out, booked or not. value: points and held ones at point_value (points.point_value); null: none is known. It reads every open lot, and all that was booked since. Raises LP001 INVALID_INPUT.';
