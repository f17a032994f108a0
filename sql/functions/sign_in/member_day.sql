create or replace function points.member_day(p_bucket smallint, p_account_id bigint, p_at timestamptz, out day date, out time_zone text)
language plpgsql stable as $$
begin
    select greatest((p_at at time zone coalesce(c.time_zone, p.time_zone))::date, c.first_day), coalesce(c.time_zone, p.time_zone)
    into day, time_zone
    from points.program p
    left join lateral (
        select * from points.zone_change c
        where c.bucket = p_bucket and c.account_id = p_account_id and c.effective_at <= p_at
        order by c.day desc
        limit 1
    ) c on true;
end
$$;

comment on function points.member_day(smallint, bigint, timestamptz) is
    'A member''s local day at an instant, and the time zone: the member''s own, or else the program''s (also for an account that is not there).';
