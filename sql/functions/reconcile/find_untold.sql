create or replace function points.find_untold(p_of_bucket smallint, p_from bigint, p_to bigint, p_since timestamptz) returns bigint[]
language plpgsql stable
set enable_seqscan = off set enable_indexscan = off set enable_nestloop = off set enable_sort = off set random_page_cost = 0 set seq_page_cost = 0 set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_all boolean := p_from < 0 and p_to = 9223372036854775807;
begin
    return array(
        select q.account_id
        from (
            select e.account_id, e.told
            from points.entry_weight e
            where (v_all or e.bucket = p_of_bucket and e.account_id > p_from and e.account_id <= p_to)
                and e.bucket + 0 = p_of_bucket and e.recorded_at >= p_since
            union all
            select o.account_id, o.weight
            from points.operation_weight o
            where (v_all or o.bucket = p_of_bucket and o.account_id > p_from and o.account_id <= p_to)
                and o.bucket + 0 = p_of_bucket and o.recorded_at >= p_since
        ) q
        group by q.account_id
        having bit_xor(q.told) <> 0);
end
$$;

comment on function points.find_untold(smallint, bigint, bigint, timestamptz) is
    'Accounts p_from < id <= p_to of a bucket whose entries and operations recorded since p_since do not say the same of one another.';
