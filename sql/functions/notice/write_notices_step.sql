create or replace function points.write_notices_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile
set plan_cache_mode = 'force_generic_plan' set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_job points.job;
    v_account_ids bigint[] := array[]::bigint[];
begin
    select * into v_job from points.job j where j.name = 'write_notices';
    v_job.at_bucket := coalesce(v_job.at_bucket, 0::smallint);
    while v_account_ids = '{}' and v_job.at_bucket < points.bucket_count() loop
        v_account_ids := array(
            select b.account_id from points.balance b
            where b.bucket = v_job.at_bucket and b.account_id > coalesce(v_job.at_account_id, 0)
            order by b.account_id
            limit p_limit
        );
        v_job.at_account_id := v_account_ids[cardinality(v_account_ids)];
        if v_account_ids = '{}' then
            v_job.at_bucket := (v_job.at_bucket + 1)::smallint;
        end if;
    end loop;
    done := cardinality(v_account_ids);
    failure := null;
    if done = 0 then
        v_job.at_bucket := null;
    else
        perform points.note_expiry(v_job.at_bucket, v_account_ids, v_now);
        due_since := case when v_job.ended_at is null then coalesce(v_job.started_at, v_now) else v_now end;
    end if;
    update points.job j set at_bucket = v_job.at_bucket, at_account_id = v_job.at_account_id where j.name = 'write_notices';
end
$$;

comment on function points.write_notices_step(int, timestamptz) is
    'Job write_notices: looks at p_limit accounts, after those of the last step, and at the end begins anew. Twice, late or interrupted writes nothing twice: the key of points.notice. p_now moves the clock in tests; null: the clock.';
