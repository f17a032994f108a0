create or replace function points.days_after(p_at timestamptz, p_days int, p_time_zone text) returns timestamptz
language sql stable parallel safe
return case when p_days = 0 then p_at else
    ((p_at at time zone p_time_zone) + make_interval(days => p_days)) at time zone p_time_zone
end;

comment on function points.days_after(timestamptz, int, text) is
    'The same local time p_days later; null days: null.';
