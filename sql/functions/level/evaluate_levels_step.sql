create or replace function points.evaluate_levels_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile
-- A plan made while tables were empty must not read them whole later.
set enable_seqscan = off set jit = off as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    done := 0;
    for v_bucket in 0 .. points.bucket_count() - 1 loop
        done := done + points.decide_due_levels(v_bucket::smallint, p_limit - done, v_now);
        exit when done >= p_limit;
    end loop;
    -- Whether something is left, the next step finds.
    due_since := case when done > 0 then coalesce((
        select min(b.level_ends_at)
        from points.lane l
        cross join lateral (
            select b.level_ends_at from points.balance b
            where b.bucket = l.bucket and b.level_ends_at < 'infinity' and b.level_ends_at > '-infinity' and b.level_ends_at <= v_now
            order by b.level_ends_at
            limit 1
        ) b
    ), v_now) end;
    failure := null;
end
$$;

comment on function points.evaluate_levels_step(int, timestamptz) is
    'Job evaluate_levels: books levels that have ended, and what changed levels make of members, of at most p_limit accounts: points.decide_due_levels, bucket by bucket. p_now moves the clock in tests; null: the clock.';
