create or replace function points.due_job(p_now timestamptz, p_slow boolean default null)
returns table (name text, schedule text, planned boolean, timeout_seconds int, time_zone text, at timestamptz)
language plpgsql volatile as $$
begin
    return query
        select j.name, j.schedule, j.next_run_at <= p_now and j.planned_at <= p_now, j.timeout_seconds, p.time_zone, p_now
        from points.job j
        cross join points.program p
        -- A plan made in the future was made by a clock that has been set back since.
        where j.enabled and j.slow = coalesce(p_slow, j.slow) and (j.next_run_at is null or j.next_run_at <= p_now or j.planned_at > p_now)
        order by j.next_run_at nulls first, j.name
        limit 1
        for no key update of j skip locked;
end
$$;

comment on function points.due_job(timestamptz, boolean) is
    'The job that has been due the longest, and the time; no row: none is, or whoever else runs it has it. planned null or false: its next run has to be computed first, if its schedule is a cron expression. p_slow: only of the slow jobs, or only of the others; null: of all.';
