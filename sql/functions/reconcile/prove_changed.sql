create or replace function points.prove_changed(
    p_of_bucket smallint, p_from bigint, p_to bigint, p_since timestamptz, out accounts bigint, out entries bigint, out findings points.finding[]
)
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = on set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_weighed record;
    v_archive boolean := points.archive_there();
begin
    v_weighed := points.weigh_changed(p_of_bucket, p_from, p_to, p_since);
    accounts := v_weighed.accounts;
    entries := v_weighed.entries;
    findings := points.find_wrong(p_of_bucket, array[]::bigint[], v_weighed.suspects, v_weighed.special, v_weighed.changed, v_archive);
end
$$;

comment on function points.prove_changed(smallint, bigint, bigint, timestamptz) is
    'Proves the accounts p_from < id <= p_to that changed since p_since, by one snapshot: what was booked since, and what there is now. Those that do not meet are looked at row by row.';
