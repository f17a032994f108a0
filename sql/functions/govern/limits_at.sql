create or replace function points.limits_at(p_at timestamptz)
returns table (
    code text, rules text[], period points.quota_period, max_times int, max_points bigint, excess points.limit_excess,
    at timestamptz, starts_at timestamptz, time_zone text
)
language sql stable as $$
    select k.code, k.rules, k.period, k.max_times, k.max_points, k.excess, p_at, points.period_start(k.period, p_at, p.time_zone), p.time_zone
    from points.earn_limit k
    cross join points.program p
    where k.active and k.per = 'member'
$$;

comment on function points.limits_at(timestamptz) is
    'The limits on what a member may earn, with when the period began that p_at is in: most awards happen when they are booked, and finding their period takes as long as reading what was used of it.';
