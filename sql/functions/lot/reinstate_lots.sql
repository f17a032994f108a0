create or replace function points.reinstate_lots(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.lot[]
language plpgsql volatile as $$
declare
    v_uses points.lot_use[];
begin
    v_uses := array(
        select u
        from unnest(p_drafts) d
        cross join lateral points.reinstatable(p_bucket, d.account_id, (d.undo).seq, (d.undo).recorded_at) u
        where d.seq is not null and (p_requests[d.ord]).kind = 'reinstate');
    if v_uses = '{}' then
        return array[]::points.lot[];
    end if;
    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select b.bucket, u.account_id, d.seq, u.lot_seq, u.lot_no, -u.points, u.granted, u.source, u.available_at, u.expires_at, u.idle, p_now
    from unnest(v_uses) u
    join unnest(p_drafts) d on d.account_id = u.account_id and d.seq is not null
    cross join lateral (
        select b.bucket from points.balance b where b.bucket = p_bucket and b.account_id = u.account_id limit 1
    ) b;

    insert into points.reversal (bucket, account_id, operation_id, points, reversed)
    select o.bucket, o.account_id, o.id, o.points, d.moved
    from unnest(p_drafts) d
    join points.operation o on o.bucket = p_bucket and o.account_id = d.account_id and o.id = (p_requests[d.ord]).original
    where d.seq is not null and (p_requests[d.ord]).kind = 'reinstate'
    on conflict (bucket, account_id, operation_id) do update set reversed = reversal.reversed + excluded.reversed;

    return array(
        select row(u.account_id, u.lot_seq, u.granted, u.points, u.available_at, u.expires_at, p_bucket, u.lot_no, false, u.source, u.idle)::points.lot
        from unnest(v_uses) u
    );
end
$$;

comment on function points.reinstate_lots(smallint, api.request[], points.draft[], timestamptz) is
    'Gives back to their lots what is reinstated, and keeps that it was: points of an expiry come back once. Returns the lots, for points.change_lots, which gives them their new expiry.';
