create or replace function api.set_job(
    p_name text, p_schedule text, p_enabled boolean, p_idempotency_key text, p_client text default 'psql'
) returns table (replayed boolean, job api.job)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_change record;
begin
    perform from points.job j where j.name = p_name for no key update;
    v_fault := case
        when not found then array['name', 'no such job']
        when p_enabled is null then array['enabled', 'must not be null']
        when p_schedule is null or p_schedule !~ '^(PT[1-9][0-9]{0,4}[SMH]|([0-9*/,-]{1,64} ){4}[0-9*/,-]{1,64})$'
            then array['schedule', 'must be five fields of cron, or an interval such as PT10S']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(
        p_client, 'rules', p_idempotency_key, 'set_job', p_name, jsonb_build_object('schedule', p_schedule, 'enabled', p_enabled));
    if not v_change.replayed then
        update points.job j set schedule = p_schedule, enabled = p_enabled, next_run_at = null, planned_at = null where j.name = p_name;
    end if;
    return query select v_change.replayed, j from api.job j where j.name = p_name;
end
$$;

comment on function api.set_job(text, text, boolean, text, text) is
    'Says when a job runs: p_schedule is a cron expression of five fields (minute, hour, day of the month, month, day of the week from 0, Sunday; numbers, *, lists, ranges and steps) in the program''s time zone, or an interval such as PT10S, PT5M or PT1H; and whether it runs by itself. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
