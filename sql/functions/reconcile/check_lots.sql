create or replace function points.check_lots(p_of_bucket smallint, p_ids bigint[], p_archive boolean) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select k.name, f.account_id, '', k.evidence
        from (
            select b.account_id, b.pending, b.available, b.next_change_at, l.pending as lots_pending, l.available as lots_available, l.due_at
            from unnest(p_ids) i(id)
            join points.balance b on b.bucket = p_of_bucket and b.account_id = i.id
            cross join lateral (
                select coalesce(sum(l.remaining) filter (where l.pending), 0) as pending, coalesce(sum(l.remaining) filter (where not l.pending), 0) as available,
                    min(case when l.pending then l.available_at else l.expires_at end) as due_at
                from points.lot l
                where l.bucket = p_of_bucket and l.account_id = i.id
            ) l
        ) f
        cross join lateral (values
            ('pockets_equal_lots', f.pending <> f.lots_pending or f.available <> f.lots_available,
                jsonb_build_object('pending', f.pending, 'available', f.available, 'lots_pending', f.lots_pending, 'lots_available', f.lots_available)),
            ('changes_come_in_time', f.next_change_at > f.due_at, jsonb_build_object('next_change_at', f.next_change_at, 'lots', f.due_at))
        ) as k(name, broken, evidence)
        where k.broken;
    if not p_archive and exists (
        select from unnest(p_ids) i(id) join points.checkpoint c on c.bucket = p_of_bucket and c.account_id = i.id
    ) then
        return;
    end if;
    return query
        with uses as (
            select u.* from unnest(p_ids) i(id) join points.lot_use u on u.bucket = p_of_bucket and u.account_id = i.id
            union all
            select u.* from unnest(p_ids) i(id) join points.lot_use_archive u on u.bucket = p_of_bucket and u.account_id = i.id
        ), lots as (
            select q.account_id, q.seq, q.no, min(q.granted) as granted, sum(q.points) as points, min(q.granted) = max(q.granted) as same
            from (
                select l.account_id, l.seq, l.no, l.granted, l.remaining as points
                from unnest(p_ids) i(id) join points.lot l on l.bucket = p_of_bucket and l.account_id = i.id
                union all
                select u.account_id, u.lot_seq, u.lot_no, u.granted, u.points from uses u
            ) q
            group by q.account_id, q.seq, q.no
        )
        select 'lots_conserved', l.account_id, '', jsonb_build_object('lots', jsonb_agg(jsonb_build_object(
            'seq', l.seq, 'no', l.no, 'granted', l.granted, 'used_and_left', l.points) order by l.seq, l.no))
        from lots l
        where not l.same or l.granted <> l.points
        group by l.account_id
        union all
        -- What an entry moves, with what it took from lots, is what it granted.
        select 'lots_equal_entries', q.account_id, '', jsonb_build_object('entries', jsonb_agg(jsonb_build_object(
            'seq', q.seq, 'moved', q.moved, 'taken', q.taken, 'granted', q.granted) order by q.seq))
        from (
            select x.account_id, x.seq, sum(x.moved) as moved, sum(x.taken) as taken, sum(x.granted) as granted
            from (
                select e.account_id, e.seq, e.pending_delta + e.available_delta as moved, 0::bigint as taken, 0::bigint as granted
                from unnest(p_ids) i(id)
                cross join lateral (
                    select * from points.entry e where e.bucket = p_of_bucket and e.account_id = i.id
                    union all
                    select * from points.entry_archive a where a.bucket = p_of_bucket and a.account_id = i.id
                ) e
                union all
                select u.account_id, u.seq, 0, u.points, 0 from uses u
                union all
                select l.account_id, l.seq, 0, 0, l.granted from lots l
            ) x
            group by x.account_id, x.seq
        ) q
        where q.moved + q.taken <> q.granted
        group by q.account_id;
end
$$;

comment on function points.check_lots(smallint, bigint[], boolean) is
    'Lots of accounts and their uses, one by one: pockets_equal_lots, changes_come_in_time, lots_conserved (granted = used and left), lots_equal_entries (what an entry moves is what it took from lots or granted). p_archive: whether what is archived is there.';
