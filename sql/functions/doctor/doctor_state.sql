create or replace function points.doctor_state(p_migration int, p_bundle bytea)
returns table (topic text, state text, finding text, remedy text)
language plpgsql volatile as $$
declare
    v_bundle points.bundle;
    v_partitions text := points.partition_fault(clock_timestamp());
    v_jobs text;
    v_late text;
begin
    select b.* into v_bundle from points.bundle b;
    return query
    select 'migrations',
        case when v_bundle.migration < p_migration then 'fail' when v_bundle.migration > p_migration then 'warn' else 'ok' end,
        format('V%s is the last that was applied', v_bundle.migration) || coalesce(format(', and V%s the last of this program', p_migration), ''),
        case when v_bundle.migration > p_migration then 'A newer version of Jifen has migrated: replace this program.' else 'Run jifen migrate as a role that may create schemas and roles.' end;
    return query
    select 'functions', case when p_bundle is not null and p_bundle <> v_bundle.hash then 'warn' else 'ok' end,
        format('applied at %s', to_char(v_bundle.applied_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
            || case when p_bundle <> v_bundle.hash then ', of another version than this program' else '' end,
        'Run jifen migrate of the version that is to run.';
    return query
    select 'partitions', case when v_partitions is null then 'ok' else 'fail' end, coalesce(v_partitions, 'this month and the next have theirs'),
        'select api.create_partitions(); then see what the job create_partitions says: jifen jobs.';
    select string_agg(format('%s (%s times: %s)', j.name, j.failures, j.failure), '; ' order by j.name) filter (where j.failures > 0),
        string_agg(format('%s (%s s)', j.name, j.lag_seconds), '; ' order by j.name) filter (where j.enabled and j.failures = 0 and j.lag_seconds > 600)
    into v_jobs, v_late
    from api.job j;
    return query
    select 'jobs', case when v_jobs is null and v_late is null then 'ok' else 'warn' end,
        case when v_jobs is null and v_late is null then 'none fails, and none is late' else concat_ws('; ', 'failing: ' || v_jobs, 'late: ' || v_late) end,
        'A running gateway drives them: is there one? See jifen jobs; jifen jobs run NAME does one now.';
end
$$;

comment on function points.doctor_state(int, bytea) is
    'Whether the database has what the asking program needs: migrations up to p_migration, the functions of p_bundle (null: not compared), partitions, and jobs that go well. A step of api.doctor.';
