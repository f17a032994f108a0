create or replace function points.receive_points(
    p_bucket smallint, p_account_id bigint, p_entry_kind points.entry_kind, p_operation_id uuid, p_uses points.lot_use[], p_debt bigint, p_now timestamptz
) returns points.draft
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            1, b.account_id, p_operation_id, p_entry_kind, null, null, null, false, 1,
            u.pending + u.available, p_now, null, p_now, null,
            b.version + 1, u.pending, u.available, 0, p_debt,
            b.pending + u.pending, b.available + u.available, b.held, b.debt + p_debt, null, false, null, null, null
        )::points.draft
        from points.balance b
        cross join (
            select coalesce(sum(u.points) filter (where u.available_at > p_now), 0)::bigint as pending,
                coalesce(sum(u.points) filter (where u.available_at <= p_now), 0)::bigint as available
            from unnest(p_uses) u
        ) u
        where b.bucket = p_bucket and b.account_id = p_account_id
    );
    perform points.write_entries(p_bucket, v_drafts, p_now);

    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at, idle)
    select b.bucket, b.account_id, (v_drafts[1]).seq, u.no - 1, u.points, u.points, u.available_at > p_now, u.source, u.available_at, u.expires_at, u.idle
    from points.balance b
    cross join unnest(p_uses) with ordinality
        as u(account_id, seq, lot_seq, points, granted, available_at, expires_at, recorded_at, bucket, lot_no, source, idle, no)
    where b.bucket = p_bucket and b.account_id = p_account_id;

    update points.balance b
    set next_change_at = least(b.next_change_at, (
        select min(case when u.available_at > p_now then u.available_at else u.expires_at end) from unnest(p_uses) u)),
        active_on = case when exists (select from unnest(p_uses) u where u.idle is not null) then '-infinity' else b.active_on end
    where b.bucket = p_bucket and b.account_id = p_account_id;
    return v_drafts[1];
end
$$;

comment on function points.receive_points(smallint, bigint, points.entry_kind, uuid, points.lot_use[], bigint, timestamptz) is
    'The receiver''s leg of a transfer or merge: a lot for each that the other account gave of, with its expiry, idle time, source and the instant at which it becomes available, and the debt that a merge brings. What has expired meanwhile is there until points.settle, which follows in the same transaction.';
