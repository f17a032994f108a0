create or replace function points.period_end(p_period points.quota_period, p_at timestamptz, p_time_zone text) returns timestamptz
language sql stable parallel safe
return case
    when p_period <> 'ever'
        then (date_trunc(p_period::text, p_at at time zone p_time_zone) + ('1 ' || p_period::text)::interval) at time zone p_time_zone
end;

comment on function points.period_end(points.quota_period, timestamptz, text) is
    'When the period after the one that p_at is in begins, by local time; null: never.';
