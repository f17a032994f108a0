create or replace function points.expiry(p_version points.rule_version, p_at timestamptz, p_recorded_at timestamptz, p_time_zone text)
returns timestamptz
language sql stable parallel safe
return case
    when (p_version).idle then points.idle_expiry(points.idle_time(p_version), p_recorded_at, p_time_zone)
    when (p_version).valid_months is null and (p_version).valid_end is null and (p_version).valid_until is null
        then coalesce(points.days_after(p_at, (p_version).valid_days, p_time_zone), 'infinity')
    else points.calendar_expiry(
        (p_version).valid_months, (p_version).valid_days, (p_version).valid_end, (p_version).valid_until,
        (p_version).pending_days, p_at, p_time_zone)
end;

comment on function points.expiry(points.rule_version, timestamptz, timestamptz, text) is
    'When points that a rule version awards for an event at p_at, recorded at p_recorded_at, expire, as long as no activity puts that off; infinity: never. Not before they become available. One expression, which the planner inlines.';
