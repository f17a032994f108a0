create or replace function api.expiry_horizon(p_days int) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return points.days_after(now(), p_days, (select p.time_zone from points.program p));
end
$$;

comment on function api.expiry_horizon(int) is
    'The same local time in p_days days, by the program''s time zone.';
