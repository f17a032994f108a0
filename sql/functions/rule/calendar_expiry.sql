create or replace function points.calendar_expiry(
    p_months int, p_days int, p_end points.calendar_unit, p_until date, p_pending_days int, p_at timestamptz, p_time_zone text
) returns timestamptz
language plpgsql stable parallel safe as $$
declare
    v_local timestamp;
begin
    if p_until is not null then
        -- What becomes available too late expires at once.
        return greatest(
            (p_until + 1)::timestamp at time zone p_time_zone, points.days_after(p_at, p_pending_days, p_time_zone));
    end if;
    v_local := (p_at at time zone p_time_zone) + make_interval(months => coalesce(p_months, 0), days => coalesce(p_days, 0));
    if p_end is not null then
        v_local := date_trunc(p_end::text, v_local) + ('1 ' || p_end)::interval;
    end if;
    return v_local at time zone p_time_zone;
end
$$;

comment on function points.calendar_expiry(int, int, points.calendar_unit, date, int, timestamptz, text) is
    'Expiry by the calendar of the time zone: the end of the day p_until; or p_months and then p_days after p_at, put off to the end of that day, month or year. An end is the first instant after it.';
