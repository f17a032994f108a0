create or replace function points.zone_at(p_at timestamptz) returns text
language plpgsql stable as $$
begin
    return coalesce(
        (select z.time_zone from points.former_time_zone z where z.until > p_at order by z.until limit 1),
        (select p.time_zone from points.program p));
end
$$;

comment on function points.zone_at(timestamptz) is
    'The time zone that the program had at an instant.';
