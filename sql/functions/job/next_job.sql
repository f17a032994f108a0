create or replace function api.next_job()
returns table (name text, schedule text, planned boolean, timeout_seconds int, time_zone text, at timestamptz)
language plpgsql volatile security definer set search_path = '' as $$
begin
    return query select * from points.due_job(clock_timestamp());
end
$$;

comment on function api.next_job() is
    'The job that is due, for the gateway that drives them: points.due_job by the clock.';
