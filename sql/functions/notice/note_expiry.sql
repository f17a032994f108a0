create or replace function points.note_expiry(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns int
language plpgsql volatile as $$
declare
    v_written int;
begin
    insert into points.notice (bucket, account_id, kind, expires_on, days, points, lots, expires_at, noted_at)
    select q.bucket, q.account_id, 'expiry', q.expires_on, q.days, sum(q.remaining), count(*), min(q.expires_at), p_now
    from (
        select l.bucket, l.account_id, l.remaining, l.expires_at, e.expires_on, (
            -- The nearest setting alone: points that came late, or a job that does, make no heap of notices.
            select min(n.days) from unnest(p.notice_days) as n (days)
            where n.days >= e.expires_on - (p_now at time zone p.time_zone)::date
        ) as days
        from points.lot l
        cross join points.program p
        -- What expires at midnight can be used until the day before.
        cross join lateral (select ((l.expires_at - interval '1 microsecond') at time zone p.time_zone)::date as expires_on) e
        -- An award in review expires when it becomes available.
        where l.bucket = p_bucket and l.account_id = any (p_account_ids) and l.expires_at > p_now and l.expires_at < 'infinity'
            and l.available_at < l.expires_at
    ) q
    where q.days is not null
    group by q.bucket, q.account_id, q.expires_on, q.days
    on conflict (bucket, account_id, kind, expires_on, days) do nothing;
    get diagnostics v_written = row_count;
    if v_written > 0 then
        perform points.note_notices(p_bucket, p_account_ids, p_now);
    end if;
    return v_written;
end
$$;

comment on function points.note_expiry(smallint, bigint[], timestamptz) is
    'Writes the notices that are due for these accounts: for each local day on which points can be used for the last time, the nearest of program.notice_days that has come, once. Returns how many it wrote.';
