create or replace function points.reinstatable(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamptz)
returns setof points.lot_use
language plpgsql stable as $$
begin
    return query
        select u.account_id, u.seq, u.lot_seq, least(u.points, n.points), u.granted, u.available_at, u.expires_at, u.recorded_at, u.bucket,
            u.lot_no, u.source, u.idle
        from points.lot_use u
        cross join lateral (
            -- A clawback may have brought some of it back before.
            select sum(x.points)::bigint as points
            from points.lot_use x
            join points.entry e on e.bucket = p_bucket and e.account_id = x.account_id and e.seq = x.seq and e.recorded_at = x.recorded_at
            where x.bucket = p_bucket and x.account_id = u.account_id and x.lot_seq = u.lot_seq and x.lot_no = u.lot_no
                and x.expires_at = u.expires_at and e.kind in ('expire', 'reinstate')
        ) n
        where u.bucket = p_bucket and u.account_id = p_account_id and u.seq = p_seq and u.recorded_at = p_recorded_at and n.points > 0;
end
$$;

comment on function points.reinstatable(smallint, bigint, bigint, timestamptz) is
    'What an entry let expire of each lot and nothing has brought back since.';
