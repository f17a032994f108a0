create or replace function points.check_holds(p_of_bucket smallint, p_ids bigint[], p_since timestamptz, p_archive boolean) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        with holds as (
            select h.*
            from unnest(p_ids) i(id)
            join points.hold h on h.bucket = p_of_bucket and h.account_id = i.id and (h.closed_at is null or greatest(h.held_at, h.closed_at) >= p_since)
        )
        select 'holds_equal_held', b.account_id, '', jsonb_build_object('held', b.held, 'holds', coalesce(h.points, 0))
        from unnest(p_ids) i(id)
        join points.balance b on b.bucket = p_of_bucket and b.account_id = i.id
        left join (
            select h.account_id, sum(h.points) filter (where h.closed_at is null) as points from holds h group by h.account_id
        ) h on h.account_id = b.account_id
        where b.held <> coalesce(h.points, 0)
        union all
        select 'changes_come_in_time', h.account_id, 'hold ' || h.id, jsonb_build_object('next_change_at', b.next_change_at, 'deadline', h.deadline)
        from holds h
        join points.balance b on b.bucket = p_of_bucket and b.account_id = h.account_id
        where h.closed_at is null and b.next_change_at > h.deadline
        union all
        select 'holds_are_operations', h.account_id, 'hold ' || h.id, jsonb_build_object(
            'points', h.points, 'captured', h.captured, 'closed_by', h.closed_by, 'taken_from_lots', u.points, 'operation', o.points, 'closing', c.kind, 'closing_points', c.points)
        from holds h
        left join points.operation o on o.bucket = p_of_bucket and o.account_id = h.account_id and o.id = h.id
        left join points.operation c on c.bucket = p_of_bucket and c.account_id = h.account_id and c.id = h.closed_by
        left join points.checkpoint k on k.bucket = p_of_bucket and k.account_id = h.account_id and k.seq >= h.seq
        cross join lateral (
            select sum(q.points) as points
            from (
                select u.points from points.lot_use u
                where u.bucket = p_of_bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
                union all
                select u.points from points.lot_use_archive u
                where p_archive and u.bucket = p_of_bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
            ) q
        ) u
        where o.id is null or o.points <> h.points or o.seq <> h.seq or o.recorded_at <> h.held_at
            or (k.seq is null or p_archive) and u.points is distinct from h.points
            or h.closed_at is not null and (c.original is distinct from h.id or c.refusal is not null
                or h.captured <> case when c.kind in ('capture', 'transfer') then c.points else 0 end)
        union all
        select 'holds_are_operations', o.account_id, 'hold ' || o.original, jsonb_build_object('operation', o.id, 'kind', o.kind)
        from unnest(p_ids) i(id)
        join points.operation o on o.bucket = p_of_bucket and o.account_id = i.id and o.kind in ('capture', 'release') and o.refusal is null and o.recorded_at >= p_since
        left join holds h on h.account_id = o.account_id and h.id = o.original
        where h.closed_by is distinct from o.id;
end
$$;

comment on function points.check_holds(smallint, bigint[], timestamptz, boolean) is
    'Holds of accounts against held, lots and the operations that made and closed them: holds_equal_held, changes_come_in_time, holds_are_operations. p_since: only holds that are open or were made or closed since then. p_archive: whether what is archived is there.';
