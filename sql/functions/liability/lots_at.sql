create or replace function points.lots_at(p_at timestamptz)
returns table (bucket smallint, account_id bigint, source text, expires_at timestamptz, points bigint)
language plpgsql stable set enable_seqscan = on set enable_nestloop = off set plan_cache_mode = auto as $$
begin
    return query
        with since as materialized (
            select e.bucket, e.account_id, min(e.seq) as seq
            from points.entry_history e
            where e.recorded_at > p_at
            group by e.bucket, e.account_id
        )
        select l.bucket, l.account_id, min(l.source), max(l.expires_at), sum(l.points)::bigint
        from (
            select l.bucket, l.account_id, l.seq, l.no, l.source, l.expires_at, l.remaining as points, s.seq as since
            from points.lot l
            left join since s on s.bucket = l.bucket and s.account_id = l.account_id
            union all
            select u.bucket, u.account_id, u.lot_seq, u.lot_no, u.source, u.expires_at, u.points, s.seq
            from points.lot_use_history u
            join since s on s.bucket = u.bucket and s.account_id = u.account_id
            where u.recorded_at > p_at
        ) l
        -- What an entry since then granted was not there.
        where l.since is null or l.seq < l.since
        group by l.bucket, l.account_id, l.seq, l.no
        having sum(l.points) > 0;
end
$$;

comment on function points.lots_at(timestamptz) is
    'The lots that were open at an instant, as it is booked by now: those of today, and what has been taken from lots since. Their expiry is the one they have now, or had when they were last used. Reads what was booked since, and every open lot.';
