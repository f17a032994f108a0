create or replace function points.weigh_changed(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamptz)
returns table (of_bucket smallint, accounts bigint, entries bigint, suspects bigint[], changed bigint[], special bigint[], doubtful bigint[])
language plpgsql stable
set enable_seqscan = off set enable_sort = off set enable_memoize = off set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_ranges points.level_range[] := array(select r from points.level_range r);
    v_revision int := (select p.level_revision from points.program p);
    -- Where there is but one, no account is asked for its own.
    v_wallet text := (select case when count(*) = 1 then min(w.code) end from points.wallet w);
    -- Looking into a partition costs as much as all else, and most accounts have booked something lately.
    v_month timestamptz := date_trunc('month', p_since, 'UTC');
    v_until timestamptz := clock_timestamp() + interval '1 hour';
begin
    return query
    with weighed as materialized (
        select q.bucket, count(*) as accounts, sum(q.entries)::bigint as entries, bit_xor(q.told) as told, array_agg(q.account_id) as changed,
            array_agg(q.account_id) filter (where q.sound is not true) as suspects,
            array_agg(q.account_id) filter (where q.levelled is not true) as doubtful
        from (
            select w.bucket, w.account_id, w.entries, w.told,
                not w.large and w.last = b.version and w.entries = w.last - w.first + 1
                and w.goes_on = points.account_hash(b.account_id, b.version, b.pending, b.available, b.held, b.debt)
                    # case when w.first = 1 then points.account_hash(b.account_id, 0, 0, 0, 0, 0) else coalesce(
                        (select points.account_hash(e.account_id, e.seq, e.pending_after, e.available_after, e.held_after, e.debt_after)
                        from points.entry e
                        where e.bucket = w.bucket and e.account_id = w.account_id and e.seq = w.first - 1
                            and e.recorded_at >= v_month and e.recorded_at < v_until
                        limit 1),
                        (select points.account_hash(e.account_id, e.seq, e.pending_after, e.available_after, e.held_after, e.debt_after)
                        from points.entry e
                        where e.bucket = w.bucket and e.account_id = w.account_id and e.seq = w.first - 1
                            and e.recorded_at >= v_month - interval '1 month' and e.recorded_at < v_month
                        limit 1),
                        (select points.account_hash(e.account_id, e.seq, e.pending_after, e.available_after, e.held_after, e.debt_after)
                        from points.entry e
                        where e.bucket = w.bucket and e.account_id = w.account_id and e.seq = w.first - 1
                        limit 1),
                        (select points.account_hash(k.account_id, k.seq, k.pending, k.available, k.held, k.debt)
                        from points.checkpoint k
                        where k.bucket = w.bucket and k.account_id = w.account_id and k.seq = w.first - 1)
                    ) end
                and not (b.debt > 0 and b.available > 0)
                and case when n.whole then b.pending else w.pending end = l.pending and case when n.whole then b.available else w.available end = l.available
                and (l.due_at is null or b.next_change_at <= l.due_at)
                -- Else it is as it was proven with the older lots.
                and (n.whole or b.next_change_at is distinct from l.due_at
                    or not exists (select from points.lot o where o.bucket = w.bucket and o.account_id = w.account_id and o.expires_at < l.due_at))
                and w.moved = l.left_of_new as sound,
                (b.closed or b.level_revision <> v_revision or r.measure = 'ever' and r.level = coalesce(b.level, '') and b.level_ends_at = r.ends_at
                    and b.earned + coalesce(b.inherited, 0) >= r.from_points and b.earned + coalesce(b.inherited, 0) < r.until_points)
                and (w.level_seq is null or w.level_seq < w.first and w.level is not distinct from b.level) as levelled
            from points.weigh_recorded(p_buckets, p_from, p_to, p_since) w
            -- One by one, or the planner would read all accounts of the buckets.
            left join lateral (
                select b.account_id, b.version, b.pending, b.available, b.held, b.debt, b.earned, b.inherited, b.closed,
                    b.level, b.level_revision, b.level_ends_at, b.level_until, b.next_change_at, b.active_on
                from points.balance b
                where b.bucket = w.bucket and b.account_id = w.account_id
                offset 0
            ) b on true
            -- Of a wallet, no two are until the same points.
            left join unnest(v_ranges) r on r.until_points = b.level_until and (v_wallet is not null
                or r.wallet = (select a.wallet from points.account a where a.bucket = w.bucket and a.id = w.account_id))
            -- Where nothing was taken, what was proven of older lots holds, unless activity may have written them anew, or some wait to become available.
            cross join lateral (select w.pending is null or b.active_on is not null or b.pending <> w.pending as whole) n
            left join lateral (
                -- Of doubles, which are exact up to the most that a member may have. By weight a larger lot would not fit: without it
                -- nothing meets, and the account is looked at row by row.
                select coalesce(sum(l.remaining::float8) filter (where l.pending), 0) as pending,
                    coalesce(sum(l.remaining::float8) filter (where not l.pending), 0) as available,
                    coalesce(sum(points.seq_weight(l.account_id, l.seq) * l.remaining) filter (where l.seq >= w.first and l.remaining between 0 and 536870912), 0) as left_of_new,
                    min(case when l.pending then l.available_at else l.expires_at end) as due_at
                from points.lot l
                where l.bucket = w.bucket and l.account_id = w.account_id
                    and l.seq >= case when n.whole then 0 else w.first end
                offset 0
            ) l on true
        ) q
        group by q.bucket
    )
    select k.bucket,
        coalesce(w.accounts, 0) + case when o.unbooked is null then 0 else (select count(*) from (select unnest(o.unbooked) except select unnest(w.changed)) u) end,
        coalesce(w.entries, 0),
        -- All of the bucket together first: mostly they say the same.
        coalesce(w.suspects, '{}') || coalesce(o.strange, '{}') || case when coalesce(w.told, 0) <> coalesce(o.told, 0) then
            points.find_untold(k.bucket, p_from, p_to, p_since) end,
        coalesce(w.changed, '{}'), array(select distinct i from unnest(o.special) i), coalesce(w.doubtful, '{}')
    from unnest(p_buckets) k(bucket)
    left join weighed w on w.bucket = k.bucket
    left join points.weigh_asked(p_buckets, p_from, p_to, p_since) o on o.bucket = k.bucket;
end
$$;

comment on function points.weigh_changed(smallint[], bigint, bigint, timestamptz) is
    'Weighs accounts p_from < id <= p_to of each of some buckets with entries or operations recorded since p_since, by those alone: they must go on from what was proven before, to the balance of now, and agree with their operations, lots and lot uses; of those that only gained, with the lots that are new, and the older ones are not read. changed: accounts with entries; suspects: those where something does not meet; special: those with operations that more comes of; doubtful: those whose level must be looked at by itself.';
