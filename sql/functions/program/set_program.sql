create or replace function api.set_program(p_name text, p_time_zone text, p_currency text, p_debt_policy text, p_frozen_earns boolean default true) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_name is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'must not be null'));
    end if;
    if p_currency is null or p_currency !~ '^[A-Z]{3}$' then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'currency', 'message', 'must be a code of ISO 4217, e.g. USD'));
    end if;
    if p_debt_policy is null or p_debt_policy not in ('debt', 'clamp') then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'debt_policy', 'message', 'must be debt or clamp'));
    end if;
    if p_frozen_earns is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'frozen_earns', 'message', 'must not be null'));
    end if;
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
