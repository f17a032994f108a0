create or replace function api.flows(
    p_from timestamptz, p_until timestamptz, p_unit text, p_wallet text default 'points', p_after timestamptz default null, p_limit int default 100
) returns table (
    starts_at timestamptz, ends_at timestamptz, whole boolean, total boolean, rule text, entries bigint, issued bigint, clawed_back bigint, used bigint,
    refunded bigint, expired bigint, reinstated bigint, adjusted bigint, transferred bigint, written_off bigint, net bigint
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_zone text := (select p.time_zone from points.program p);
    v_step interval := case p_unit when 'hour' then interval '1 hour' when 'day' then interval '1 day' when 'month' then interval '1 month' end;
    v_fault text[];
begin
    v_fault := case
        when v_step is null then array['by', 'must be hour, day or month']
        when p_from not between '1900-01-01' and '9999-12-31' then array['from', 'must be from 1900 to 9999']
        when p_from is null or p_until is null or not p_from < p_until then array['to', 'must be after from']
        when p_until > p_from + v_step * 10000 then array['to', 'must be at most 10,000 hours, days or months after from']
        when not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
        when p_limit < 0 then array['limit', 'must not be negative']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    return query
        select q.starts_at, q.ends_at, q.ends_at <= (select coalesce(c.counted_until, '-infinity') from points.flow_count c),
            grouping(f.rule) = 1, f.rule, coalesce(sum(f.entries), 0)::bigint,
            coalesce(sum(f.points) filter (where f.kind = 'earn'), 0)::bigint,
            coalesce(-sum(f.points) filter (where f.kind = 'clawback'), 0)::bigint,
            coalesce(-sum(f.points) filter (where f.kind in ('spend', 'capture')), 0)::bigint,
            coalesce(sum(f.points) filter (where f.kind = 'refund'), 0)::bigint,
            coalesce(-sum(f.points) filter (where f.kind = 'expire'), 0)::bigint,
            coalesce(sum(f.points) filter (where f.kind = 'reinstate'), 0)::bigint,
            coalesce(sum(f.points) filter (where f.kind = 'adjust'), 0)::bigint,
            coalesce(sum(f.points) filter (where f.kind in ('transfer', 'merge')), 0)::bigint,
            coalesce(sum(f.points) filter (where f.kind = 'write_off'), 0)::bigint,
            coalesce(sum(f.points), 0)::bigint
        from (
            select q.starts_at, q.ends_at
            from (
                select b.local at time zone v_zone as starts_at, (b.local + v_step) at time zone v_zone as ends_at
                from generate_series(date_trunc(p_unit, p_from at time zone v_zone), p_until at time zone v_zone, v_step) as b(local)
                where p_unit <> 'hour'
                union all
                select b.at, b.at + v_step
                from generate_series(date_trunc('hour', p_from, v_zone), p_until, v_step) as b(at)
                where p_unit = 'hour'
            ) q
            where q.starts_at < p_until and (p_after is null or q.starts_at > p_after)
            order by q.starts_at
            limit p_limit
        ) q
        left join points.hourly_flow f on f.wallet = p_wallet and f.hour >= q.starts_at and f.hour < q.ends_at
        group by grouping sets ((q.starts_at, q.ends_at), (q.starts_at, q.ends_at, f.rule))
        having grouping(f.rule) = 1 or f.rule is not null
        order by q.starts_at, grouping(f.rule) desc, f.rule;
end
$$;

comment on function api.flows(timestamptz, timestamptz, text, text, timestamptz, int) is
    'What moved in a wallet in the hours, days or months (of the program''s time zone) that end after p_from and begin before p_until, in order, after the one that starts at p_after, p_limit at most: for each a row for all (total), and one for each rule; empty rule: what says nothing of rules. What members gave is counted from 0 up (clawed_back, used, expired); adjusted, transferred and written_off either way; net is what members have gained. Raises LP001 INVALID_INPUT.';
