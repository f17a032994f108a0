create or replace function points.refill_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_refills points.draft[] := array(select d from unnest(p_drafts) d where d.seq is not null and (d.undo).points > 0);
begin
    -- What was taken last is given back first, so that the rest is what a smaller debit would have taken.
    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select b.bucket, d.account_id, d.seq, u.lot_seq, u.lot_no,
        sum(greatest(u.after - u.points, (d.undo).passed) - least(u.after, (d.undo).passed + (d.undo).points)),
        u.granted, u.source, u.available_at, x.expires_at, u.idle, p_now
    from unnest(v_refills) d
    join points.lane b on b.bucket = p_bucket
    cross join lateral (
        select u.*, sum(u.points) over (order by u.expires_at desc, u.lot_seq desc, u.lot_no desc)::bigint as after
        from points.uses_of(p_bucket, d.account_id, (d.undo).seq, (d.undo).recorded_at) u
        where u.points > 0
    ) u
    cross join lateral points.put_off_expiry(p_bucket, u.account_id, u.seq, u.idle, u.expires_at) x(expires_at)
    where u.after > (d.undo).passed and u.after - u.points < (d.undo).passed + (d.undo).points
    group by b.bucket, d.account_id, d.seq, u.lot_seq, u.lot_no, u.granted, u.source, u.available_at, x.expires_at, u.idle;

    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at, idle)
    select p_bucket, u.account_id, u.lot_seq, u.lot_no, u.granted, -sum(u.points), false, u.source, u.available_at, u.expires_at, u.idle
    from unnest(v_refills) d
    cross join lateral (
        select * from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
        offset 0
    ) u
    group by u.account_id, u.lot_seq, u.lot_no, u.granted, u.source, u.available_at, u.expires_at, u.idle
    on conflict (bucket, account_id, expires_at, seq, no) do update set remaining = lot.remaining + excluded.remaining;

    update points.balance b
    set next_change_at = least(b.next_change_at, u.expires_at)
    from (
        select d.account_id, min(u.expires_at) as expires_at
        from unnest(v_refills) d
        cross join lateral (
            select * from points.lot_use u
            where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
            offset 0
        ) u
        group by d.account_id
    ) u
    where b.bucket = p_bucket and b.account_id = u.account_id;
end
$$;

comment on function points.refill_lots(smallint, points.draft[], timestamptz) is
    'Gives points back to the very lots that an earlier entry took them from, with their own expiry, which activity has put off meanwhile if they are idle lots. A lot that has expired meanwhile is there until points.settle, which follows in the same transaction.';
