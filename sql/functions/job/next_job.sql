create or replace function api.next_job(p_slow boolean default null)
returns table (name text, schedule text, planned boolean, timeout_seconds int, time_zone text, at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.due_job(clock_timestamp(), p_slow);
end
$$;

comment on function api.next_job(boolean) is
    'The job that is due, for the gateway that drives them: points.due_job by the clock.';
