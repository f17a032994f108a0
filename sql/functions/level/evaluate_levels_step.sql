create or replace function points.evaluate_levels_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile
-- A plan made while tables were empty must not read them whole later.
set enable_seqscan = off set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    done := 0;
    for v_bucket in 0 .. points.bucket_count() - 1 loop
        done := done + points.decide_due_levels(v_bucket::smallint, p_limit - done, v_now);
        exit when done >= p_limit;
    end loop;
    -- Whether something is left, the next step finds.
    due_since := case when done > 0 then v_now end;
    failure := null;
end
$$;

comment on function points.evaluate_levels_step(int, timestamptz) is
    'Job evaluate_levels: books what changed levels make of members, at most p_limit of them: points.decide_due_levels, bucket by bucket. p_now moves the clock in tests; null: the clock.';
