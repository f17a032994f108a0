create or replace function points.liability_parts(p_at timestamptz, p_wallet text) returns setof api.liability_part
language plpgsql stable set enable_seqscan = on set plan_cache_mode = auto as $$
declare
    v_zone text := (select p.time_zone from points.program p);
begin
    return query
        select q.month, q.source, sum(q.points)::bigint, sum(q.held)::bigint
        from (
            select case when r.place <= 999 then r.month end as month, case when r.place <= 999 then r.source end as source, r.points, r.held
            from (
                select m.month, m.source, sum(m.points) as points, sum(m.held) as held,
                    row_number() over (order by sum(m.points) + sum(m.held) desc) as place
                from (
                    select date_trunc('month', nullif(l.expires_at, 'infinity') at time zone v_zone)::date as month, l.source, l.points, l.held
                    from (
                        select l.bucket, l.account_id, l.source, l.expires_at, l.points, 0::bigint as held
                        from points.lots_at(p_at) l
                        where l.expires_at > p_at
                        union all
                        select h.bucket, h.account_id, u.source, u.expires_at, 0, u.points
                        from points.hold h
                        join points.lot_use_history u on u.bucket = h.bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
                        where h.held_at <= p_at and (h.closed_at is null or h.closed_at > p_at)
                    ) l
                    join points.account a on a.bucket = l.bucket and a.id = l.account_id and a.wallet = p_wallet
                ) m
                group by m.month, m.source
            ) r
        ) q
        group by q.month, q.source
        order by q.month, q.source;
end
$$;

comment on function points.liability_parts(timestamptz, text) is
    'What members of a wallet had at an instant, by month of expiry and source: at most 999 parts, and one more for all smaller ones.';
