create or replace function api.put_off(p_name text, p_next timestamptz, p_failure text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform points.plan_job(p_name, p_next, p_failure, clock_timestamp());
end
$$;

comment on function api.put_off(text, timestamptz, text) is
    'Plans a job without running it, for the gateway that drives them: points.plan_job by the clock.';
