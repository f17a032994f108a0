create or replace function points.period_start(p_period points.quota_period, p_at timestamptz, p_time_zone text) returns timestamptz
language sql stable parallel safe
return case
    when p_period = 'ever' then '-infinity'::timestamptz
    else date_trunc(p_period::text, p_at at time zone p_time_zone) at time zone p_time_zone
end;

comment on function points.period_start(points.quota_period, timestamptz, text) is
    'When the period that p_at is in began, by local time; weeks begin on Monday.';
