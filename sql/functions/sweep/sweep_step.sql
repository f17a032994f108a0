create or replace function points.sweep_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile
set plan_cache_mode = 'force_generic_plan' set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_bucket smallint;
    v_account_ids bigint[];
    v_account_id bigint;
    v_from timestamptz;
    v_now timestamptz;
begin
    done := 0;
    -- What a run has settled leaves dead rows in the index, which an old snapshot elsewhere keeps from being cleared away; so its
    -- steps go on where the last one stopped.
    v_from := coalesce((select j.due_since from points.job j where j.name = 'sweep' and j.ended_at is null), '-infinity');
    for v_bucket in select b.bucket from points.due_buckets(v_from, coalesce(p_now, clock_timestamp())) b loop
        v_account_ids := points.lock_due(v_bucket, p_limit, v_from, coalesce(p_now, clock_timestamp()));
        -- Nothing may be booked before what the last holder of a lock booked.
        v_now := coalesce(p_now, clock_timestamp());
        begin
            perform points.settle_swept(v_bucket, v_account_ids, v_now);
            done := cardinality(v_account_ids);
        exception when others then
            -- One account that cannot be settled holds up no other.
            foreach v_account_id in array v_account_ids loop
                begin
                    perform points.settle_swept(v_bucket, array[v_account_id], v_now);
                    done := done + 1;
                exception when others then
                    failure := format('account %s in bucket %s: %s (%s)', v_account_id, v_bucket, sqlerrm, sqlstate);
                end;
            end loop;
        end;
        exit when done > 0;
    end loop;
    due_since := (select min(b.due_since) from points.due_buckets(v_from, coalesce(p_now, clock_timestamp())) b);
end
$$;

comment on function points.sweep_step(int, timestamptz) is
    'Job sweep: settles at most p_limit accounts of one bucket, the one where something has been due the longest, as an operation on them would. It waits for no lock, and may be stopped, repeated and late: reads are true meanwhile. p_now moves the clock in tests; null: the clock.';
