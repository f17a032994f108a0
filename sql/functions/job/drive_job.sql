create or replace function points.drive_job(p_name text, p_next timestamptz, p_now timestamptz default null)
returns table (done int, more boolean, failure text, failures int)
language plpgsql volatile as $$
declare
    v_step record;
    v_now timestamptz;
begin
    perform from points.job j where j.name = p_name for no key update skip locked;
    if not found then
        return;
    end if;
    v_step := points.step_job(p_name, p_now);
    v_now := coalesce(p_now, clock_timestamp());
    return query
        update points.job j
        set planned_at = v_now,
            next_run_at = case
                when v_step.broke then v_now + points.back_off(j.failures)
                when v_step.more and v_step.done > 0 then v_now
                when v_step.more then v_now + interval '1 second'
                when p_next is not null then p_next
                else v_now + j.schedule::interval
            end
        where j.name = p_name
        returning v_step.done, v_step.more, v_step.failure, j.failures;
end
$$;

comment on function points.drive_job(text, timestamptz, timestamptz) is
    'Runs one step of a job and plans the next: at once if there is more to do, a second later if others are about that, later and later after failures, else at p_next, or, null, after the interval of its schedule. What was missed is not made up for: one run does all. No row: somebody else runs it, and nothing was done.';
