create or replace function api.set_program(p_name text, p_time_zone text, p_currency text, p_debt_policy text, p_frozen_earns boolean default true) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from pg_catalog.pg_timezone_names z where z.name = p_time_zone) then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'time_zone', 'message', 'no such time zone'));
    end if;
    insert into points.former_time_zone (until, time_zone)
    select clock_timestamp(), p.time_zone from points.program p where p.time_zone <> p_time_zone;
    -- Periods begin by the time zone.
    if exists (select from points.program p where p.time_zone <> p_time_zone) then
        perform points.note_levels();
    end if;
    update points.program
    set name = p_name, time_zone = p_time_zone, currency = p_currency, debt_policy = p_debt_policy, frozen_earns = p_frozen_earns;
end
$$;

comment on function api.set_program(text, text, text, text, boolean) is
    'Sets the program: name, IANA time zone (counts from the next operation on; lots keep their expiry), ISO 4217 currency, debt policy (debt or clamp), and whether frozen accounts still earn. Raises LP001 INVALID_INPUT.';
