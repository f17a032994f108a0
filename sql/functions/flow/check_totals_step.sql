create or replace function points.check_totals_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile set enable_seqscan = on set plan_cache_mode = auto as $$
begin
    due_since := null;
    failure := null;
    -- One statement, so one snapshot.
    insert into points.total_check (wallet, checked_at, expected, actual)
    select w.code, coalesce(p_now, clock_timestamp()), coalesce(f.points, 0) + coalesce(e.points, 0), coalesce(b.points, 0)
    from points.wallet w
    left join (
        select f.wallet, sum(f.points)::bigint as points from points.hourly_flow f group by f.wallet
    ) f on f.wallet = w.code
    left join (
        select a.wallet, sum(e.pending_delta + e.available_delta + e.held_delta - e.debt_delta)::bigint as points
        from points.entry_history e
        join points.account a on a.bucket = e.bucket and a.id = e.account_id
        where e.recorded_at > (select coalesce(c.counted_until, '-infinity') from points.flow_count c)
        group by a.wallet
    ) e on e.wallet = w.code
    left join (
        select a.wallet, sum(b.pending + b.available + b.held - b.debt)::bigint as points
        from points.balance b
        join points.account a on a.bucket = b.bucket and a.id = b.account_id
        group by a.wallet
    ) b on b.wallet = w.code
    limit p_limit
    on conflict (wallet) do update
    set checked_at = excluded.checked_at, expected = excluded.expected, actual = excluded.actual;
    get diagnostics done = row_count;
end
$$;

comment on function points.check_totals_step(int, timestamptz) is
    'Job check_totals: compares what flows say that all members of a wallet have with what balances say, in one snapshot. It reads every balance once. p_now moves the clock in tests; null: the clock.';
