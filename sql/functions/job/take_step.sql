create or replace function api.take_step(p_name text, p_next timestamptz default null)
returns table (done int, more boolean, failure text, failures int)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_next not between '1970-01-01' and '9999-12-31' then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'next', 'message', 'must be from 1970 to 9999'));
    end if;
    return query select * from points.drive_job(p_name, p_next);
end
$$;

comment on function api.take_step(text, timestamptz) is
    'A step of a job, for the gateway that drives them: points.drive_job by the clock. Raises LP001 INVALID_INPUT.';
