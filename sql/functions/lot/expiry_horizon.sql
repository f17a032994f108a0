create or replace function api.expiry_horizon(p_days int) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_days not between 0 and 36500 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'days', 'message', 'must be from 0 to 36500'));
    end if;
    return points.days_after(now(), p_days, (select p.time_zone from points.program p));
end
$$;

comment on function api.expiry_horizon(int) is
    'The same local time in p_days days, by the program''s time zone. Raises LP001 INVALID_INPUT.';
