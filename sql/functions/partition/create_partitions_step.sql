create or replace function points.create_partitions_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
begin
    done := points.make_partitions(3, coalesce(p_now, clock_timestamp()));
end
$$;

comment on function points.create_partitions_step(int, timestamptz) is
    'Job create_partitions: this month''s and the next three, all in one step. p_limit counts for nothing.';
