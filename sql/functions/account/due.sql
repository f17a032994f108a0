create or replace function points.due(p_bucket smallint, p_account_id bigint, p_now timestamptz)
returns table (pending bigint, available bigint, expired bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
    return query
        select
            coalesce(-sum(l.remaining) filter (where l.pending), 0)::bigint,
            coalesce(sum(case
                when l.pending and l.expires_at > p_now then l.remaining
                when not l.pending then -l.remaining
            end), 0)::bigint,
            coalesce(sum(l.remaining) filter (where l.expires_at <= p_now), 0)::bigint
        from points.lot l
        where l.bucket = p_bucket and l.account_id = p_account_id
            and (l.expires_at <= p_now or l.pending and l.available_at <= p_now);
end
$$;

comment on function points.due(smallint, bigint, timestamptz) is
    'What has become available or expired by p_now and is not booked yet, as changes of the pockets pending and available and of the counter expired. The booked figures plus these are the true ones.';
