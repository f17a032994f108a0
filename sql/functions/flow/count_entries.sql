create or replace function points.count_entries(p_after timestamptz, p_until timestamptz) returns bigint
language plpgsql volatile
set plan_cache_mode = 'force_generic_plan' set jit = off set enable_seqscan = off set enable_nestloop = off set enable_mergejoin = off set max_parallel_workers_per_gather = 0 set work_mem = '32MB' as $$
declare
    v_zone text := (select p.time_zone from points.program p);
    -- Where there is but one, no account is asked for its own.
    v_wallet text := (select case when count(*) = 1 then min(w.code) end from points.wallet w);
    v_entries bigint;
begin
    with booked as materialized (
        select e.bucket, e.account_id, e.seq, e.operation_id, e.recorded_at, e.kind, e.pending_delta + e.available_delta + e.held_delta - e.debt_delta as points
        from points.entry_history e
        where e.recorded_at > p_after and e.recorded_at <= p_until
    ), asked as materialized (
        -- Recorded with its entry, so one read by time finds them all, for much less than a look-up for each.
        select o.bucket, o.account_id, o.id, coalesce(o.rule, (
                select b.rule from points.operation b where b.bucket = o.bucket and b.account_id = o.account_id and b.id = o.original), '') as rule
        from points.operation o
        where o.recorded_at > p_after and o.recorded_at <= p_until
    ), counted as materialized (
        select date_trunc('hour', c.recorded_at, v_zone) as hour,
            coalesce(v_wallet, (select a.wallet from points.account a where a.bucket = c.bucket and a.id = c.account_id)) as wallet,
            c.kind, c.rule, count(*) as entries, sum(c.points)::bigint as points, count(*) filter (where c.whole) as whole
        from (
            select b.bucket, b.account_id, b.recorded_at, b.kind, coalesce(o.rule, '') as rule, b.points, true as whole
            from booked b
            left join asked o on b.kind in ('earn', 'clawback') and o.bucket = b.bucket and o.account_id = b.account_id and o.id = b.operation_id
            where b.kind not in ('expire', 'reinstate')
            union all
            select b.bucket, b.account_id, b.recorded_at, b.kind, u.source, u.points, u.whole
            from booked b
            cross join lateral (
                select u.source, -sum(u.points)::bigint as points, row_number() over (order by u.source) = 1 as whole
                from points.lot_use_history u
                where u.bucket = b.bucket and u.account_id = b.account_id and u.seq = b.seq and u.recorded_at = b.recorded_at
                group by u.source
            ) u
            where b.kind in ('expire', 'reinstate')
        ) c
        group by 1, 2, c.kind, c.rule
    ), added as (
        insert into points.hourly_flow as f (hour, wallet, kind, rule, entries, points)
        select c.hour, c.wallet, c.kind, c.rule, c.entries, c.points
        from counted c
        on conflict (hour, wallet, kind, rule) do update
        set entries = f.entries + excluded.entries, points = f.points + excluded.points
    )
    select coalesce(sum(c.whole), 0)::bigint into v_entries from counted c;
    return v_entries;
end
$$;

comment on function points.count_entries(timestamptz, timestamptz) is
    'Adds the entries that were recorded after p_after and not after p_until to points.hourly_flow. Returns how many there were. Whoever calls it sees to it that each is counted once.';
