create or replace function api.take_step(p_name text, p_next timestamptz default null)
returns table (done int, more boolean, failure text, failures int)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.drive_job(p_name, p_next);
end
$$;

comment on function api.take_step(text, timestamptz) is
    'A step of a job, for the gateway that drives them: points.drive_job by the clock.';
