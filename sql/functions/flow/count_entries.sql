create or replace function points.count_entries(p_after timestamptz, p_until timestamptz) returns bigint
language plpgsql volatile
set plan_cache_mode = 'force_generic_plan' set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_zone text := (select p.time_zone from points.program p);
    v_entries bigint;
begin
    with counted as materialized (
        select date_trunc('hour', e.recorded_at, v_zone) as hour, a.wallet, e.kind, r.rule, r.whole,
            coalesce(r.points, e.pending_delta + e.available_delta + e.held_delta - e.debt_delta) as points
        from points.entry_history e
        join points.account a on a.bucket = e.bucket and a.id = e.account_id
        cross join lateral (
            -- A join would read all operations of the account for each of its entries.
            select coalesce(o.rule, (
                    select b.rule from points.operation b where b.bucket = e.bucket and b.account_id = e.account_id and b.id = o.original), '') as rule,
                null::bigint as points, true as whole
            from points.operation o
            where e.kind in ('earn', 'clawback') and o.bucket = e.bucket and o.account_id = e.account_id and o.id = e.operation_id
            union all
            select u.source, -sum(u.points)::bigint, row_number() over (order by u.source) = 1
            from points.lot_use_history u
            where e.kind in ('expire', 'reinstate') and u.bucket = e.bucket and u.account_id = e.account_id and u.seq = e.seq
                and u.recorded_at = e.recorded_at
            group by u.source
            union all
            select '', null, true
            where e.kind not in ('earn', 'clawback', 'expire', 'reinstate')
        ) r
        where e.recorded_at > p_after and e.recorded_at <= p_until
    ), added as (
        insert into points.hourly_flow as f (hour, wallet, kind, rule, entries, points)
        select c.hour, c.wallet, c.kind, c.rule, count(*), sum(c.points)::bigint
        from counted c
        group by c.hour, c.wallet, c.kind, c.rule
        on conflict (hour, wallet, kind, rule) do update
        set entries = f.entries + excluded.entries, points = f.points + excluded.points
    )
    select count(*) filter (where c.whole) into v_entries from counted c;
    return v_entries;
end
$$;

comment on function points.count_entries(timestamptz, timestamptz) is
    'Adds the entries that were recorded after p_after and not after p_until to points.hourly_flow. Returns how many there were. Whoever calls it sees to it that each is counted once.';
