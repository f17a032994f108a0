create or replace function points.weigh_flows(p_now timestamptz) returns setof points.alert_reading
language plpgsql stable as $$
declare
    v_zone text := (select p.time_zone from points.program p);
    v_hour timestamptz := date_trunc('hour', p_now, v_zone);
    v_before timestamptz := date_trunc('hour', v_hour - interval '1 minute', v_zone);
    v_first timestamptz := (select min(f.hour) from points.hourly_flow f);
    v_whole timestamptz := date_trunc('hour', (select date_trunc('hour', c.counted_until, v_zone) from points.flow_count c) - interval '1 minute', v_zone);
begin
    return query
        select r.name, w.code, w.code, q.points::numeric,
            format('%s points (%s) of wallet %s in the hour from %s on', q.points, r.flow, w.code, points.instant_text(q.hour))
        from points.alert_rule r
        join points.wallet w on r.wallet is null or w.code = r.wallet
        cross join lateral (
            select h.hour, points.flow_points(r.flow, w.code, h.hour) as points
            from (values (v_hour), (v_before)) as h(hour)
            order by 2 desc, 1
            limit 1
        ) q
        where r.kind = 'hourly_flow' and r.enabled;
    return query
        select r.name, w.code, w.code, case when q.points >= r.minimum then round(q.points / greatest(m.mean, 1), 2) else 0 end,
            format('%s points (%s) of wallet %s in the hour from %s on, against %s in the mean of that hour in %s weeks before',
                q.points, r.flow, w.code, points.instant_text(v_whole), round(m.mean), m.weeks)
        from points.alert_rule r
        join points.wallet w on r.wallet is null or w.code = r.wallet
        cross join lateral (select points.flow_points(r.flow, w.code, v_whole) as points) q
        cross join lateral (
            select avg(points.flow_points(r.flow, w.code, b.hour)) as mean, count(*) as weeks
            from (
                select ((v_whole at time zone v_zone) - n.weeks * interval '7 days') at time zone v_zone as hour
                from generate_series(1, 4) as n(weeks)
            ) b
            where b.hour >= v_first
        ) m
        where r.kind = 'hourly_jump' and r.enabled and m.weeks > 0;
end
$$;

comment on function points.weigh_flows(timestamptz) is
    'What rules of the kinds hourly_flow and hourly_jump measure: the greater of this hour so far and the one before; and the last whole hour in multiples of the mean of the same local hour one to four weeks before, as far back as anything is counted.';
