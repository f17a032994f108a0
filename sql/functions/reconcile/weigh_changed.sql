create or replace function points.weigh_changed(
    p_of_bucket smallint, p_from bigint, p_to bigint, p_since timestamptz,
    out accounts bigint, out entries bigint, out suspects bigint[], out changed bigint[], out special bigint[]
)
language plpgsql stable as $$
begin
    with booked as materialized (
        select e.account_id, count(*) as entries, min(e.seq) as first, max(e.seq) as last, sum(e.goes_on) as goes_on, sum(e.told) as told,
            sum(points.seq_weight(e.account_id, e.seq)::numeric * e.granted) as granted
        from points.entry_weight e
        where e.bucket = p_of_bucket and e.account_id > p_from and e.account_id <= p_to and e.recorded_at >= p_since
        group by e.account_id
    ), asked as materialized (
        select o.account_id, sum(o.weight) as told, bool_or(o.strange) as strange,
            bool_or(o.kind not in ('earn', 'spend', 'expire', 'activate', 'adjust') or o.rule in (select r.code from points.rule r where r.once)) as special
        from points.operation_weight o
        where o.bucket = p_of_bucket and o.account_id > p_from and o.account_id <= p_to and o.recorded_at >= p_since
        group by o.account_id
    ), taken as materialized (
        select u.account_id, u.seq, u.lot_seq, u.points
        from points.lot_use_weight u
        where u.bucket = p_of_bucket and u.account_id > p_from and u.account_id <= p_to and u.recorded_at >= p_since
    ), used as materialized (
        select u.account_id, sum((points.seq_weight(u.account_id, u.seq)
            - case when u.lot_seq >= e.first then points.seq_weight(u.account_id, u.lot_seq) else 0 end)::numeric * u.points) as taken
        from taken u
        join booked e on e.account_id = u.account_id
        group by u.account_id
    )
    select count(*), coalesce(sum(q.entries), 0)::bigint, coalesce(array_agg(q.account_id) filter (where q.sound is not true), '{}'),
        coalesce(array_agg(q.account_id) filter (where q.entries > 0), '{}'), coalesce(array_agg(q.account_id) filter (where q.special), '{}')
    into accounts, entries, suspects, changed, special
    from (
        select account_id, coalesce(e.entries, 0) as entries, o.special,
            case when e.entries is null then o.told is null and not o.strange else
                e.last = b.version and e.entries = e.last - e.first + 1
                and e.goes_on = points.account_hash(b.account_id, b.version, b.pending, b.available, b.held, b.debt)::numeric - s.hash
                and not (b.debt > 0 and b.available > 0)
                and o.told = e.told and not o.strange
                and b.pending = l.pending and b.available = l.available and (l.due_at is null or b.next_change_at <= l.due_at)
                and e.granted + coalesce(u.taken, 0) = l.left_of_new
            end as sound
        from booked e
        full join asked o using (account_id)
        left join used u using (account_id)
        left join (select * from points.balance b where b.bucket = p_of_bucket) b using (account_id)
        -- Where the new entries start from: what was proven before.
        left join lateral (
            select points.account_hash(p.account_id, p.seq, p.pending_after, p.available_after, p.held_after, p.debt_after) as hash
            from points.entry p
            where e.first > 1 and p.bucket = p_of_bucket and p.account_id = e.account_id and p.seq = e.first - 1
            union all
            select points.account_hash(c.account_id, c.seq, c.pending, c.available, c.held, c.debt)
            from points.checkpoint c
            where e.first > 1 and c.bucket = p_of_bucket and c.account_id = e.account_id and c.seq = e.first - 1
            union all
            select points.account_hash(e.account_id, 0, 0, 0, 0, 0) where e.first = 1
            limit 1
        ) s on true
        left join lateral (
            select coalesce(sum(l.remaining) filter (where l.pending), 0) as pending, coalesce(sum(l.remaining) filter (where not l.pending), 0) as available,
                coalesce(sum(points.seq_weight(l.account_id, l.seq)::numeric * l.remaining) filter (where l.seq >= e.first), 0) as left_of_new,
                min(case when l.pending then l.available_at else l.expires_at end) as due_at
            from points.lot l
            where l.bucket = p_of_bucket and l.account_id = e.account_id
            offset 0
        ) l on true
    ) q;
end
$$;

comment on function points.weigh_changed(smallint, bigint, bigint, timestamptz) is
    'Weighs the accounts p_from < id <= p_to with entries or operations recorded since p_since by those alone: they must go on from what was proven before, to the balance of now, and agree with their operations, lots and lot uses. changed: accounts with entries; suspects: those where something does not meet; special: those with operations that more comes of.';
