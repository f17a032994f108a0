create or replace function points.create_partitions_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    done := points.make_partitions(p_limit, v_now);
    -- All of it in one step.
    due_since := null;
    failure := points.partition_fault(v_now);
end
$$;

comment on function points.create_partitions_step(int, timestamptz) is
    'Job create_partitions: this month''s and the next p_limit, all in one step; what is wrong after that is its failure. p_now moves the clock in tests; null: the clock.';
