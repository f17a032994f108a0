create or replace function points.step_job(
    p_name text, p_now timestamptz default null, out done int, out due_since timestamptz, out failure text, out broke boolean, out more boolean
)
language plpgsql volatile as $$
declare
    v_job points.job;
    v_began timestamptz := clock_timestamp();
    v_now timestamptz := coalesce(p_now, v_began);
    v_waits boolean;
begin
    select * into v_job from points.job j where j.name = p_name for no key update;
    if v_job.name is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'no such job'));
    end if;
    begin
        execute format('select s.done, s.due_since, s.failure from points.%I($1, $2) s', p_name || '_step')
            into done, due_since, failure using v_job.step_limit, p_now;
        broke := false;
    -- The time-out of a step is a cancelled query, which others leaves out.
    exception when others or query_canceled then
        done := 0;
        due_since := v_job.due_since;
        failure := format('%s (%s)', sqlerrm, sqlstate);
        broke := true;
    end;
    v_waits := done is null;
    done := coalesce(done, 0);
    -- What nobody can get on with at once is left to the next run, unless others are about it.
    more := due_since is not null and not broke and (done > 0 or v_waits);
    update points.job j
    set started_at = case when v_job.ended_at is null and v_job.started_at <= v_now then v_job.started_at else v_now end,
        ended_at = case when not more then v_now + (clock_timestamp() - v_began) end,
        done = case when v_job.ended_at is null then v_job.done else 0 end + step_job.done,
        due_since = step_job.due_since,
        failure = coalesce(step_job.failure, v_job.failure),
        failed_at = case when step_job.failure is not null then v_now else v_job.failed_at end,
        failures = case when step_job.failure is not null then v_job.failures + 1 else 0 end
    where j.name = p_name;
end
$$;

comment on function points.step_job(text, timestamptz) is
    'Runs one step of a job and keeps in its row what came of it. One at a time: whoever else wants to waits for the row. broke: it failed, and did nothing. A step whose done is null waits: others are about what is left. more: there is more to do in this run; with done 0: it waits. p_now moves the clock in tests; null: the clock. Raises LP001 INVALID_INPUT.';
