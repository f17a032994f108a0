create or replace function points.due(p_bucket smallint, p_account_id bigint, p_now timestamptz)
returns table (pending bigint, available bigint, held bigint, debt bigint, expired bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select l.pending, l.available + h.points - h.lapsed - r.points + r.lapsed, -h.points, -r.points, l.expired + h.lapsed - r.lapsed
        from points.balance b
        cross join lateral (
            select
                coalesce(-sum(l.remaining) filter (where l.pending), 0)::bigint as pending,
                coalesce(sum(case
                    when l.pending and l.expires_at > p_now then l.remaining
                    when not l.pending then -l.remaining
                end), 0)::bigint as available,
                coalesce(sum(l.remaining) filter (where l.expires_at <= p_now), 0)::bigint as expired
            from points.lot l
            where l.bucket = p_bucket and l.account_id = p_account_id
                and (l.expires_at <= p_now or l.pending and l.available_at <= p_now)
        ) l
        cross join lateral (
            select coalesce(sum(u.points), 0)::bigint as points,
                coalesce(sum(u.points) filter (where x.expires_at <= p_now), 0)::bigint as lapsed
            from points.hold h
            join points.lot_use u on u.bucket = p_bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
            cross join lateral points.put_off_expiry(p_bucket, u.account_id, u.seq, u.idle, u.expires_at) x(expires_at)
            where h.bucket = p_bucket and h.account_id = p_account_id and h.closed_at is null and h.deadline <= p_now
        ) h
        -- What comes in pays a debt at its instant, before anything of it can expire.
        cross join lateral (
            select coalesce(sum(r.points), 0)::bigint as points,
                coalesce(sum(r.points) filter (where r.expires_at <= p_now), 0)::bigint as lapsed
            from (
                select i.expires_at, greatest(least(i.points, b.debt - sum(i.points) over w + i.points), 0) as points
                from (
                    select l.available_at as at, l.expires_at, l.seq, l.no, l.remaining as points
                    from points.lot l
                    where l.bucket = p_bucket and l.account_id = p_account_id and l.pending and l.available_at <= p_now
                    union all
                    select h.deadline, x.expires_at, u.lot_seq, u.lot_no, u.points
                    from points.hold h
                    join points.lot_use u on u.bucket = p_bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
                    cross join lateral points.put_off_expiry(p_bucket, u.account_id, u.seq, u.idle, u.expires_at) x(expires_at)
                    where h.bucket = p_bucket and h.account_id = p_account_id and h.closed_at is null and h.deadline <= p_now
                ) i
                where i.expires_at > i.at
                window w as (order by i.at, i.expires_at, i.seq, i.no)
            ) r
            where b.debt > 0
        ) r
        where b.bucket = p_bucket and b.account_id = p_account_id;
end
$$;

comment on function points.due(smallint, bigint, timestamptz) is
    'What has become available or expired and which holds have ended by p_now without being booked yet, as changes of the pockets pending, available, held and debt and of the counter expired. The booked figures plus these are the true ones.';
