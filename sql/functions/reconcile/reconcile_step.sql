create or replace function points.reconcile_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
language plpgsql volatile as $$
begin
    -- Whatever fails breaks the step.
    select nullif(s.done, 0), s.due_since, null into done, due_since, failure from points.run_step('incremental', p_limit, p_now) s;
end
$$;

comment on function points.reconcile_step(int, timestamptz) is
    'Job reconcile: a step of the incremental run of the reconciler. done null: others are about what is left. p_now moves the clock in tests; null: the clock.';
