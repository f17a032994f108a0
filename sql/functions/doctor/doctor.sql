create or replace function api.doctor(
    p_clock timestamptz default null, p_connections int default null, p_migration int default null, p_bundle bytea default null
) returns table (topic text, state text, finding text, remedy text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
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
    'Looks at the server and the database: a row a check, whose state is ok, warn or fail, with what was found and, unless it is ok, what to do. Changes nothing. `jifen doctor` gives what only a gateway knows, null else: p_clock, its clock; p_connections, how many it opens; p_migration, its last migration; p_bundle, the SHA-256 of its functions.';
