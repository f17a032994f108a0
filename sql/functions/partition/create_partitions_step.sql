create or replace function points.create_partitions_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
begin
    done := points.make_partitions(p_limit, coalesce(p_now, clock_timestamp()));
    -- All of it in one step.
    due_since := null;
    failure := null;
end
$$;

comment on function points.create_partitions_step(int, timestamptz) is
    'Job create_partitions: this month''s and the next p_limit, all in one step. p_now moves the clock in tests; null: the clock.';
