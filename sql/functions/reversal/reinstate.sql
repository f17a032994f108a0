create or replace function points.reinstate(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            null, b.account_id, api.operation_id(0, 'reinstate:' || b.version + 1), 'reinstate', null, null, null, false, 1,
            r.points, p_now, null, null, null,
            b.version + 1, 0, r.points, 0, 0,
            b.pending, b.available + r.points, b.held, b.debt, null, false, row(o.seq, o.recorded_at, null, null)::points.undo, null, null
        )::points.draft
        from unnest(p_drafts) d
        cross join lateral (
            select * from points.operation o
            where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes and o.seq is not null
                and (o.kind in ('earn', 'receive') or o.kind = 'adjust' and o.points > 0)
            limit 1
        ) o
        cross join lateral (
            select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
        ) b
        cross join lateral (
            select coalesce(sum(u.points), 0)::bigint as points from points.lapsed_of(p_bucket, d.account_id, o.seq) u
        ) x
        cross join lateral (
            select least(x.points, coalesce(-d.moved, points.reversible(p_bucket, d.account_id, o.id, abs(o.points))) - coalesce((
                select sum(l.remaining) from points.lot l
                where l.bucket = p_bucket and l.account_id = d.account_id and l.seq = o.seq
            ), 0))::bigint as points
        ) r
        where d.round is not null and d.refusal is null and coalesce(d.entry_kind, 'transfer') = 'transfer' and r.points > 0
        order by b.account_id
    );
    if v_drafts = '{}' then
        return;
    end if;

    perform points.write_entries(p_bucket, v_drafts, p_now);
    perform points.record_due(p_bucket, v_drafts, p_now);
    -- If points.admit refuses the clawback after all, points.settle lets them expire again.
    update points.balance b
    set next_change_at = least(b.next_change_at, p_now)
    from unnest(v_drafts) d
    where b.bucket = p_bucket and b.account_id = d.account_id;

    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select b.bucket, d.account_id, d.seq, (d.undo).seq, u.lot_no, -least(u.points, d.moved - u.before), u.granted, u.source,
        u.available_at, u.expires_at, u.idle, p_now
    from unnest(v_drafts) d
    join points.lane b on b.bucket = p_bucket
    cross join lateral (
        -- What a transfer brought has several lots.
        select u.*, (sum(u.points) over (order by u.expires_at, u.lot_no) - u.points)::bigint as before
        from points.lapsed_of(p_bucket, d.account_id, (d.undo).seq) u
        where u.points > 0
    ) u
    where u.before < d.moved;

    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at, idle)
    select u.bucket, u.account_id, u.lot_seq, u.lot_no, u.granted, -u.points, false, u.source, u.available_at, u.expires_at, u.idle
    from unnest(v_drafts) d
    cross join lateral (
        select * from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
        offset 0
    ) u
    on conflict (bucket, account_id, expires_at, seq, no) do update set remaining = lot.remaining + excluded.remaining;
end
$$;

comment on function points.reinstate(smallint, points.draft[], timestamptz) is
    'Brings back, from expiry, the points of a grant that is about to be clawed back: so a late return ends where an early one would, and nobody owes what they let expire.';
