create or replace function points.idle_expiry(p_idle interval, p_active_at timestamptz, p_time_zone text) returns timestamptz
language plpgsql immutable parallel safe as $$
begin
    return (date_trunc('day', p_active_at at time zone p_time_zone + p_idle) + interval '1 day') at time zone p_time_zone;
end
$$;

comment on function points.idle_expiry(interval, timestamptz, text) is
    'When idle points expire after an activity: at the end of the local day p_idle later, months before days.';
