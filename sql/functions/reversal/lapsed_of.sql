create or replace function points.lapsed_of(p_bucket smallint, p_account_id bigint, p_seq bigint)
returns table (lot_no smallint, granted bigint, source text, available_at timestamptz, expires_at timestamptz, idle interval, points bigint)
language plpgsql volatile as $$
begin
    perform points.pin_months();
    perform from points.checkpoint c where c.bucket = p_bucket and c.account_id = p_account_id and c.seq >= p_seq;
    if not found then
        return query
            select u.lot_no, u.granted, u.source, u.available_at, u.expires_at, u.idle, sum(u.points)::bigint
            from points.lot_use u
            join points.entry e on e.bucket = p_bucket and e.account_id = u.account_id and e.seq = u.seq and e.recorded_at = u.recorded_at
            where u.bucket = p_bucket and u.account_id = p_account_id and u.lot_seq = p_seq and e.kind in ('expire', 'reinstate')
            group by u.lot_no, u.granted, u.source, u.available_at, u.expires_at, u.idle;
        return;
    end if;
    perform points.archive_loaded();
    return query
        select u.lot_no, u.granted, u.source, u.available_at, u.expires_at, u.idle, sum(u.points)::bigint
        from points.lot_use_history u
        join points.entry_history e on e.bucket = p_bucket and e.account_id = u.account_id and e.seq = u.seq and e.recorded_at = u.recorded_at
        where u.bucket = p_bucket and u.account_id = p_account_id and u.lot_seq = p_seq and e.kind in ('expire', 'reinstate')
        group by u.lot_no, u.granted, u.source, u.available_at, u.expires_at, u.idle;
end
$$;

comment on function points.lapsed_of(smallint, bigint, bigint) is
    'What has expired of the lots that an entry granted and has not come back since, lot by lot, archived or not. Raises LP904 when archived rows are not there.';
