create or replace function points.reinstatable(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamptz)
returns setof points.lot_use
language plpgsql stable as $$
begin
    return query
        select u.account_id, u.seq, u.lot_seq, least(u.points, n.points), u.granted, u.available_at, u.expires_at, u.recorded_at, u.bucket,
            u.lot_no, u.source, u.idle
        from points.uses_of(p_bucket, p_account_id, p_seq, p_recorded_at) u
        cross join lateral (
            -- A clawback may have brought some of it back before.
            select sum(x.points)::bigint as points
            from points.lapsed_of(p_bucket, p_account_id, u.lot_seq) x
            where x.lot_no = u.lot_no and x.expires_at = u.expires_at
        ) n
        where n.points > 0;
end
$$;

comment on function points.reinstatable(smallint, bigint, bigint, timestamptz) is
    'What an entry let expire of each lot and nothing has brought back since.';
