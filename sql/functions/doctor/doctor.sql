create or replace function api.doctor(
    p_clock timestamptz default null, p_connections int default null, p_migration int default null, p_bundle bytea default null
) returns table (topic text, state text, finding text, remedy text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_clock not between '1970-01-01' and '9999-12-31' then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'clock', 'message', 'must be from 1970 to 9999'));
    end if;
    if p_connections not between 1 and 262143 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'connections', 'message', 'must be from 1 to 262143'));
    end if;
    return query
    select d.topic, d.state, d.finding, case when d.state <> 'ok' then d.remedy end
    from (
        select * from points.doctor_server(p_clock, p_connections)
        union all
        select * from points.doctor_state(p_migration, p_bundle)
        union all
        select * from points.doctor_rights()
    ) d;
end
$$;

comment on function api.doctor(timestamptz, int, int, bytea) is
    'Looks at the server and the database: a row a check, whose state is ok, warn or fail, with what was found and, unless it is ok, what to do. Changes nothing. `jifen doctor` gives what only a gateway knows, null else: p_clock, its clock; p_connections, how many it opens; p_migration, its last migration; p_bundle, the SHA-256 of its functions. Raises LP001 INVALID_INPUT.';
