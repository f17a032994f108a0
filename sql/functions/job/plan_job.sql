create or replace function points.plan_job(p_name text, p_next timestamptz, p_failure text, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    update points.job j
    set planned_at = p_now,
        next_run_at = coalesce(p_next, p_now + points.back_off(j.failures + 1)),
        failure = coalesce(p_failure, j.failure),
        failed_at = case when p_failure is not null then p_now else j.failed_at end,
        failures = j.failures + (p_failure is not null)::int
    where j.name = p_name;
end
$$;

comment on function points.plan_job(text, timestamptz, text, timestamptz) is
    'Says when a job runs next; p_next null: p_failure tells why it could not be planned or run, and it is tried again later.';
