create or replace function points.receive_points(
    p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_uses points.lot_use[], p_now timestamptz
) returns points.draft
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            null, b.account_id, p_operation_id, 'transfer', null, null, null, false, 1,
            u.points, p_now, null, p_now, null,
            b.version + 1, 0, u.points, 0, 0,
            b.pending, b.available + u.points, b.held, b.debt, null, false, null, null
        )::points.draft
        from points.balance b
        cross join (select sum(u.points)::bigint as points from unnest(p_uses) u) u
        where b.bucket = p_bucket and b.account_id = p_account_id
    );
    perform points.write_entries(p_bucket, v_drafts, p_now);

    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at)
    select b.bucket, b.account_id, (v_drafts[1]).seq, u.no - 1, u.points, u.points, false, u.source, u.available_at, u.expires_at
    from points.balance b
    cross join unnest(p_uses) with ordinality
        as u(account_id, seq, lot_seq, points, granted, available_at, expires_at, recorded_at, bucket, lot_no, source, no)
    where b.bucket = p_bucket and b.account_id = p_account_id;

    update points.balance b
    set next_change_at = least(b.next_change_at, (select min(u.expires_at) from unnest(p_uses) u))
    where b.bucket = p_bucket and b.account_id = p_account_id;
    return v_drafts[1];
end
$$;

comment on function points.receive_points(smallint, bigint, uuid, points.lot_use[], timestamptz) is
    'The receiver''s leg of a transfer: a lot for each that the sender gave of, with its expiry, its source and the instant since which it is available. What has expired meanwhile is there until points.settle, which follows in the same transaction.';
