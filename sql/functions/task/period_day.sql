create or replace function points.period_day(p_period points.quota_period, p_at timestamptz, p_time_zone text) returns date
language sql stable parallel safe
return case
    when p_period = 'ever' then '-infinity'::date
    else date_trunc(p_period::text, p_at at time zone p_time_zone)::date
end;

comment on function points.period_day(points.quota_period, timestamptz, text) is
    'The first day of the period that p_at is in, by local time; weeks begin on Monday; -infinity: of all time.';
