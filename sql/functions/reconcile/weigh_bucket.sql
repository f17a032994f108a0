create or replace function points.weigh_bucket(p_run bigint, p_of_bucket smallint, p_settled_at timestamptz)
returns table (accounts bigint, entries bigint, trial jsonb, parts smallint[], suspects bigint[], special bigint[])
language plpgsql stable
set enable_seqscan = on set enable_indexscan = off set random_page_cost = 0 set seq_page_cost = 0 set plan_cache_mode = force_custom_plan set work_mem = '128MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_once text[] := array(select r.code from points.rule r where r.once);
begin
    return query
    with members as materialized (
        select (account_id & 63)::smallint as part, count(b.version) as accounts, coalesce(sum(b.weight), 0) + coalesce(sum(l.weight), 0) as weight,
            array_agg(account_id) filter (where b.version is null or b.pending <> coalesce(l.pending, 0) or b.available <> coalesce(l.available, 0)
                or b.next_change_at > l.due_at or b.debt > 0 and b.available > 0) as suspects,
            array_agg(account_id) filter (where b.held <> 0 or b.merged or b.invited or b.inherited is not null) as special,
            sum(b.pending) as pending, sum(b.available) as available, sum(b.held) as held, sum(b.debt) as debt, sum(b.earned) as earned,
            sum(b.spent) as spent, sum(b.expired) as expired, sum(b.adjusted) as adjusted, sum(b.transferred) as transferred
        from (select b.*, points.balance_weight(b) as weight from points.balance b where b.bucket = p_of_bucket) b
        full join (
            select l.account_id, coalesce(sum(l.remaining) filter (where l.pending), 0) as pending, coalesce(sum(l.remaining) filter (where not l.pending), 0) as available,
                coalesce(sum(points.seq_weight(l.account_id, l.seq) * l.remaining) filter (where l.remaining <= 536870912), 0)
                    + coalesce(sum(points.seq_weight(l.account_id, l.seq)::numeric * l.remaining) filter (where l.remaining > 536870912), 0) as weight,
                min(case when l.pending then l.available_at else l.expires_at end) as due_at
            from points.lot l
            where l.bucket = p_of_bucket
            group by l.account_id
        ) l using (account_id)
        group by 1
    ), sums as materialized (
        select s.part, s.total, s.archived, s.strange, s.entries, s.special, s.proven_keys as keys
        from points.reconciliation_sum s
        where s.bucket = p_of_bucket and s.run = p_run
        union all
        select (e.account_id & 63)::smallint, coalesce(sum(e.weight), 0) + coalesce(sum(e.large_weight), 0),
            coalesce(sum(e.goes_on) filter (where e.archived), 0), 0, count(*), '{}', 0
        from points.entry_weight e
        where e.bucket = p_of_bucket and e.recorded_at >= p_settled_at
        group by 1
        union all
        select (u.account_id & 63)::smallint, coalesce(sum(u.weight), 0) + coalesce(sum(u.large_weight), 0), 0, 0, 0, '{}', 0
        from points.lot_use_weight u
        where u.bucket = p_of_bucket and u.recorded_at >= p_settled_at
        group by 1
        union all
        select (o.account_id & 63)::smallint,
            -coalesce(sum(o.weight), 0) + coalesce(sum(uuid_hash_extended(o.id, o.account_id) >> 3) filter (where o.points > 0 and o.rule = any (v_once)), 0),
            0, count(*) filter (where o.strange), 0,
            coalesce(array_agg(o.account_id) filter (where o.kind not in ('earn', 'spend', 'expire', 'activate', 'adjust')), '{}'), 0
        from points.operation_weight o
        where o.bucket = p_of_bucket and o.recorded_at >= p_settled_at
        group by 1
        union all
        select k.part, 0, 0, (k.total is null)::int, 0, '{}', -coalesce(k.total, 0)
        from points.key_proof k
        where k.bucket = p_of_bucket
        union all
        select (w.account_id & 63)::smallint, -sum(uuid_hash_extended(w.operation_id, w.account_id) >> 3), 0, 0, 0, '{}', 0
        from points.once_award w
        where w.bucket = p_of_bucket
        group by 1
        union all
        select (c.account_id & 63)::smallint, 0, -sum(points.account_hash(c.account_id, c.seq, c.pending, c.available, c.held, c.debt)::numeric
            - points.account_hash(c.account_id, 0, 0, 0, 0, 0)), 0, 0, '{}', 0
        from points.checkpoint c
        where c.bucket = p_of_bucket
        group by 1
        union all
        select m.part, -m.weight, 0, 0, 0, '{}', 0 from members m
    )
    select m.accounts, s.entries, m.trial, s.parts, array(select i from members p cross join unnest(p.suspects) i),
        array(select i from members p cross join unnest(p.special) i) || array(select i from sums p cross join unnest(p.special) i)
    from (
        select coalesce(sum(m.accounts), 0)::bigint as accounts,
            jsonb_build_object('pending', coalesce(sum(m.pending), 0), 'available', coalesce(sum(m.available), 0), 'held', coalesce(sum(m.held), 0),
                'debt', -coalesce(sum(m.debt), 0), 'issuance', -coalesce(sum(m.earned), 0), 'redemption', coalesce(sum(m.spent), 0),
                'expiry', coalesce(sum(m.expired), 0), 'adjustment', -coalesce(sum(m.adjusted), 0), 'transfer', -coalesce(sum(m.transferred), 0)) as trial
        from members m
    ) m
    cross join (
        select coalesce(sum(q.entries), 0)::bigint as entries,
            coalesce(array_agg(q.part) filter (where q.total <> 0 or q.archived <> 0 or q.keys <> 0 or q.strange > 0), '{}') as parts
        from (
            select s.part, sum(s.total) as total, sum(s.archived) as archived, sum(s.strange) as strange, sum(s.keys) as keys, sum(s.entries) as entries
            from sums s
            group by s.part
        ) q
    ) s;
end
$$;

comment on function points.weigh_bucket(bigint, smallint, timestamptz) is
    'Weighs a bucket by one snapshot: of each 64th of their accounts, all sums of a run''s chunks, of what was recorded since, of lots, checkpoints and balances together are 0, if the books are right, and keys come to what they did. parts: those where they are not, so that some account of them may be wrong; suspects: accounts whose balance is not what its lots say; special: accounts with operations of more kinds than fit into a sum.';
