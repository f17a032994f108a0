create or replace function points.prove_changed(
    p_of_bucket smallint, p_from bigint, p_since timestamptz, p_limit int,
    out accounts bigint, out entries bigint, out up_to bigint, out findings points.finding[]
)
language plpgsql stable
set enable_seqscan = off set enable_hashjoin = on set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_weighed record;
begin
    v_weighed := points.weigh_changed(p_of_bucket, p_from, p_since, p_limit);
    accounts := v_weighed.accounts;
    entries := v_weighed.entries;
    up_to := v_weighed.up_to;
    findings := points.find_wrong(
        p_of_bucket, array[]::bigint[], v_weighed.suspects, v_weighed.special, v_weighed.doubtful, v_weighed.changed, p_since, points.archive_there());
end
$$;

comment on function points.prove_changed(smallint, bigint, timestamptz, int) is
    'Proves the accounts after p_from that changed since p_since, up to about p_limit new operations, by one snapshot: what was booked since, and what there is now. Those that do not meet are looked at row by row. up_to: the last account; 2^63 - 1: all.';
