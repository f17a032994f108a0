create or replace function points.put_off_expiry(p_bucket smallint, p_account_id bigint, p_seq bigint, p_idle interval, p_expires_at timestamptz)
returns timestamptz
language plpgsql stable as $$
begin
    if p_idle is null then
        return p_expires_at;
    end if;
    return (
        select greatest(p_expires_at, max(q.expires_at))
        from (
            -- What came too late put nothing off, and neither did what came after that.
            select q.expires_at, bool_or(q.late) over (order by q.seq, q.at) as over
            from (
                select a.seq, a.at, e.expires_at,
                    a.at >= greatest(p_expires_at, max(e.expires_at) over (order by a.seq, a.at rows between unbounded preceding and 1 preceding)) as late
                from points.activity a
                cross join lateral points.idle_expiry(p_idle, a.at, points.zone_at(a.at)) e(expires_at)
                where a.bucket = p_bucket and a.account_id = p_account_id and a.seq >= p_seq
            ) q
        ) q
        where not q.over
    );
end
$$;

comment on function points.put_off_expiry(smallint, bigint, bigint, interval, timestamptz) is
    'The expiry that points would have by now if the entry p_seq had not taken them from an idle lot that expired at p_expires_at; p_idle null: p_expires_at.';
