create or replace function points.weigh_changed(
    p_of_bucket smallint, p_from bigint, p_since timestamptz, p_limit int,
    out accounts bigint, out entries bigint, out up_to bigint, out suspects bigint[], out changed bigint[], out special bigint[], out doubtful bigint[]
)
language plpgsql stable
set enable_seqscan = off set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_ranges points.level_range[] := array(select r from points.level_range r);
    -- Looking into a partition costs as much as all else, and most accounts have booked something lately.
    v_month timestamptz := date_trunc('month', p_since, 'UTC');
    v_until timestamptz := clock_timestamp() + interval '1 hour';
begin
    -- Hashes and joins are for the accounts of this step alone.
    up_to := points.cut_changed(p_of_bucket, p_from, p_since, p_limit);
    select count(*), coalesce(sum(q.entries), 0)::bigint,
        coalesce(array_agg(q.account_id) filter (where q.sound is not true), '{}'),
        coalesce(array_agg(q.account_id) filter (where q.entries > 0), '{}'),
        coalesce(array_agg(q.account_id) filter (where q.special), '{}'),
        coalesce(array_agg(q.account_id) filter (where q.entries > 0 and q.levelled is not true), '{}')
    into accounts, entries, suspects, changed, special, doubtful
    from (
        select w.account_id, w.entries, w.special,
            w.told = 0 and not w.strange and (
                w.entries = 0
                or w.last = b.version and w.entries = w.last - w.first + 1
                and w.goes_on = points.account_hash(b.account_id, b.version, b.pending, b.available, b.held, b.debt)::numeric
                    - case when w.first = 1 then points.account_hash(b.account_id, 0, 0, 0, 0, 0) else coalesce(
                        (select points.account_hash(e.account_id, e.seq, e.pending_after, e.available_after, e.held_after, e.debt_after)
                        from points.entry e
                        where e.bucket = p_of_bucket and e.account_id = w.account_id and e.seq = w.first - 1
                            and e.recorded_at >= v_month and e.recorded_at < v_until
                        limit 1),
                        (select points.account_hash(e.account_id, e.seq, e.pending_after, e.available_after, e.held_after, e.debt_after)
                        from points.entry e
                        where e.bucket = p_of_bucket and e.account_id = w.account_id and e.seq = w.first - 1
                            and e.recorded_at >= v_month - interval '1 month' and e.recorded_at < v_month
                        limit 1),
                        (select points.account_hash(e.account_id, e.seq, e.pending_after, e.available_after, e.held_after, e.debt_after)
                        from points.entry e
                        where e.bucket = p_of_bucket and e.account_id = w.account_id and e.seq = w.first - 1
                        limit 1),
                        (select points.account_hash(k.account_id, k.seq, k.pending, k.available, k.held, k.debt)
                        from points.checkpoint k
                        where k.bucket = p_of_bucket and k.account_id = w.account_id and k.seq = w.first - 1)
                    ) end
                and not (b.debt > 0 and b.available > 0)
                and b.pending = l.pending and b.available = l.available and (l.due_at is null or b.next_change_at <= l.due_at)
                and w.moved = l.left_of_new
            ) as sound,
            (b.closed or b.level_revision <> r.revision or r.measure = 'ever' and b.earned + coalesce(b.inherited, 0) >= r.from_points
                and b.earned + coalesce(b.inherited, 0) < r.until_points and b.level_until = r.until_points and b.level_ends_at = r.ends_at)
                and (c.seq is null or c.seq < w.first and c.level is not distinct from b.level) as levelled
        -- In their order, so that the next one is looked up in pages that the last one was found in.
        from (select * from points.weigh_recorded(p_of_bucket, p_from, up_to, p_since) w order by w.account_id) w
        -- One by one, or the planner would read all accounts of the bucket.
        left join lateral (
            select * from points.balance b where b.bucket = p_of_bucket and b.account_id = w.account_id limit 1
        ) b on true
        left join lateral (
            select a.wallet from points.account a where a.bucket = p_of_bucket and a.id = w.account_id limit 1
        ) a on true
        left join unnest(v_ranges) r on r.wallet = a.wallet and r.level = coalesce(b.level, '')
        left join lateral (
            select coalesce(sum(l.remaining) filter (where l.pending), 0) as pending, coalesce(sum(l.remaining) filter (where not l.pending), 0) as available,
                coalesce(sum(points.seq_weight(l.account_id, l.seq)::numeric * l.remaining) filter (where l.seq >= w.first), 0) as left_of_new,
                min(case when l.pending then l.available_at else l.expires_at end) as due_at
            from points.lot l
            where l.bucket = p_of_bucket and l.account_id = w.account_id
            offset 0
        ) l on true
        left join lateral (
            select c.seq, c.level
            from points.level_change c
            where c.bucket = p_of_bucket and c.account_id = w.account_id
            order by c.seq desc, c.no desc
            limit 1
        ) c on true
    ) q;
end
$$;

comment on function points.weigh_changed(smallint, bigint, timestamptz, int) is
    'Weighs accounts of a bucket after p_from with entries or operations recorded since p_since, up to about p_limit of these operations, by those alone: they must go on from what was proven before, to the balance of now, and agree with their operations, lots and lot uses. up_to: the last account; 2^63 - 1: all. changed: accounts with entries; suspects: those where something does not meet; special: those with operations that more comes of; doubtful: those whose level must be looked at by itself.';
