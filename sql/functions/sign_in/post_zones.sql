create or replace function points.post_zones(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.zone_change (bucket, account_id, day, time_zone, first_day, effective_at)
    select b.bucket, d.account_id, (p_now at time zone p.time_zone)::date, (p_requests[d.ord]).subject, m.day + 1,
        (m.day + 1)::timestamp at time zone m.time_zone
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    cross join points.program p
    cross join lateral points.member_day(p_bucket, d.account_id, p_now) m
    where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'set_time_zone';
end
$$;

comment on function points.post_zones(smallint, api.request[], points.draft[], timestamptz) is
    'Keeps the changes of time zones of a round. Each takes effect when the member''s present local day ends.';
