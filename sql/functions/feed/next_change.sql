create or replace function points.next_change(p_bucket smallint, p_account_id bigint, p_now timestamptz) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select nullif(min(c.at), 'infinity')
        from (
            select l.available_at as at
            from points.lot l
            where l.bucket = p_bucket and l.account_id = p_account_id and l.pending
            union all
            select l.expires_at
            from points.lot l
            where l.bucket = p_bucket and l.account_id = p_account_id
            union all
            select h.deadline
            from points.hold h
            where h.bucket = p_bucket and h.account_id = p_account_id and h.closed_at is null
            union all
            select b.level_ends_at
            from points.balance b
            where b.bucket = p_bucket and b.account_id = p_account_id
            union all
            -- What a hold that has ended gives back, which is not booked yet.
            select x.expires_at
            from points.hold h
            join points.lot_use u on u.bucket = p_bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
            cross join lateral points.put_off_expiry(p_bucket, u.account_id, u.seq, u.idle, u.expires_at) x(expires_at)
            where h.bucket = p_bucket and h.account_id = p_account_id and h.closed_at is null and h.deadline <= p_now
        ) c
        where c.at > p_now
    );
end
$$;

comment on function points.next_change(smallint, bigint, timestamptz) is
    'The first instant after p_now at which points of the account become available or expire, or a hold or its level ends, whatever is booked yet; null: none.';
