create or replace function points.prove_special(p_of_bucket smallint, p_ids bigint[]) returns points.finding[]
language plpgsql stable
set enable_seqscan = on set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
begin
    return points.find_wrong(p_of_bucket, array[]::bigint[], array[]::bigint[], p_ids, array[]::bigint[], array[]::bigint[], '-infinity', points.archive_there());
end
$$;

comment on function points.prove_special(smallint, bigint[]) is
    'Proves of accounts what sums know nothing of, by one snapshot: holds, redemptions, reversals and whatever else has rows of its own.';
