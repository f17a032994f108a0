create or replace function points.prove_changed(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamptz)
returns table (of_bucket smallint, accounts bigint, entries bigint, findings points.finding[])
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = on set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_archive boolean := points.archive_there();
    v_weighed record;
begin
    for v_weighed in select * from points.weigh_changed(p_buckets, p_from, p_to, p_since) loop
        of_bucket := v_weighed.of_bucket;
        accounts := v_weighed.accounts;
        entries := v_weighed.entries;
        findings := points.find_wrong(
            of_bucket, array[]::bigint[], v_weighed.suspects, v_weighed.special, v_weighed.doubtful, v_weighed.changed, p_since, v_archive);
        return next;
    end loop;
end
$$;

comment on function points.prove_changed(smallint[], bigint, bigint, timestamptz) is
    'Proves the accounts p_from < id <= p_to of each of some buckets that changed since p_since, by one snapshot: what was booked since, and what there is now. Those that do not meet are looked at row by row.';
