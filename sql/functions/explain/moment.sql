create or replace function points.moment(p_at timestamptz, p_time_zone text) returns text
language sql stable parallel safe
return to_char(p_at at time zone p_time_zone, 'YYYY-MM-DD HH24:MI:SS') || ' ' || p_time_zone;

comment on function points.moment(timestamptz, text) is
    'An instant in words, by local time.';
