create or replace function api.test_risk_rule(
    p_code text, p_from timestamptz, p_to timestamptz, out awards bigint, out hits bigint, out members bigint, out points bigint
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_rule points.risk_rule;
    v_window interval;
begin
    select * into v_rule from points.risk_rule k where k.code = p_code;
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'no such risk rule'));
    end if;
    if points.looks_at_origins(v_rule.measure) then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'origins are not kept with awards, so try it in the mode watch'));
    end if;
    -- An award just as long ago is out of the window.
    v_window := greatest('0', make_interval(mins => v_rule.window_minutes) - interval '1 microsecond');
    select count(*), count(*) filter (where q.hit), count(distinct (q.bucket, q.account_id)) filter (where q.hit),
        coalesce(sum(q.points) filter (where q.hit), 0)::bigint
    into awards, hits, members, points
    from (
        select o.*, points.risk_hits(v_rule, o.points, extract(hour from coalesce(o.occurred_at, o.recorded_at) at time zone p.time_zone)::int,
            count(*) over recent - 1 - count(*) over later,
            sum(o.points) over recent - o.points - coalesce(sum(o.points) over later, 0),
            sum(o.points) over same - o.points - coalesce(sum(o.points) over later_same, 0)) as hit
        from (
            select o.bucket, o.account_id, o.id, o.seq, o.points::bigint as points, o.rule, o.occurred_at, o.recorded_at
            from points.operation o
            where o.recorded_at >= greatest(p_from, '1900-01-01') - v_window and o.recorded_at < p_to and o.rule is not null and o.points > 0
                and (v_rule.measure = 'source_share' or o.rule = any (v_rule.rules))
        ) o
        cross join points.program p
        window recent as (partition by o.bucket, o.account_id order by o.recorded_at range between v_window preceding and current row),
            same as (partition by o.bucket, o.account_id, o.rule order by o.recorded_at range between v_window preceding and current row),
            -- Awards of one batch have one instant, and each sees those before it.
            later as (partition by o.bucket, o.account_id, o.recorded_at order by o.seq rows between 1 following and unbounded following),
            later_same as (partition by o.bucket, o.account_id, o.rule, o.recorded_at order by o.seq rows between 1 following and unbounded following)
    ) q
    where q.recorded_at >= p_from and q.rule = any (v_rule.rules);
end
$$;

comment on function api.test_risk_rule(text, timestamptz, timestamptz) is
    'Runs a risk rule, whatever its mode, over the awards that were booked from p_from until before p_to: how many there were, on how many of them it would have decided, of how many accounts, and of how many points. What would have come of denying is not worked out. Reads only. Raises LP001 INVALID_INPUT.';
