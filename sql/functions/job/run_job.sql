create or replace function api.run_job(
    p_name text, p_steps int default 1, p_idempotency_key text default null, p_client text default 'psql'
) returns table (replayed boolean, steps int, done int, more boolean, failure text, job api.job)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_step record;
begin
    if p_steps is null or p_steps not between 1 and 10000 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'steps', 'message', 'must be from 1 to 10000'));
    end if;
    if not exists (select from points.job j where j.name = p_name) then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'no such job'));
    end if;
    replayed := p_idempotency_key is not null and (points.note_change(
        p_client, 'rules', p_idempotency_key, 'run_job', p_name, jsonb_build_object('steps', p_steps))).replayed;
    steps := 0;
    done := 0;
    more := not replayed;
    while more loop
        v_step := points.step_job(p_name);
        steps := steps + 1;
        done := done + v_step.done;
        more := v_step.more;
        failure := v_step.failure;
        exit when steps = p_steps or v_step.done = 0;
    end loop;
    return query select run_job.replayed, run_job.steps, run_job.done, run_job.more, run_job.failure, j from api.job j where j.name = p_name;
end
$$;

comment on function api.run_job(text, int, text, text) is
    'Runs a job now, until nothing is left, others are about what is, or p_steps are done, all in one transaction: for psql, and for pg_cron where no gateway runs. Enabled or not; its next run stays. Answers the steps, what they have done, whether more is left, and what failed. p_idempotency_key: done once under it; null: always. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
