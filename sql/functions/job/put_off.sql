create or replace function api.put_off(p_name text, p_next timestamptz, p_failure text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_next not between '1970-01-01' and '9999-12-31' then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'next', 'message', 'must be from 1970 to 9999'));
    end if;
    perform points.plan_job(p_name, p_next, p_failure, clock_timestamp());
end
$$;

comment on function api.put_off(text, timestamptz, text) is
    'Plans a job without running it, for the gateway that drives them: points.plan_job by the clock. Raises LP001 INVALID_INPUT.';
