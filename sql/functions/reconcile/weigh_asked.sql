create or replace function points.weigh_asked(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamptz)
returns table (bucket smallint, told bigint, strange bigint[], special bigint[], unbooked bigint[])
language plpgsql stable rows 10
set enable_seqscan = off set enable_indexscan = off set enable_nestloop = off set enable_sort = off set random_page_cost = 0 set seq_page_cost = 0 set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_all boolean := p_from < 0 and p_to = 9223372036854775807;
    v_once text[] := array(select r.code from points.rule r where r.once);
begin
    return query
        select o.bucket, bit_xor(o.weight), array_agg(o.account_id) filter (where o.strange or o.kind = 'extend'),
            array_agg(o.account_id) filter (where o.kind not in ('earn', 'spend', 'expire', 'activate', 'adjust') or o.rule = any (v_once)),
            array_agg(o.account_id) filter (where o.seq is null)
        from points.operation_weight o
        -- By its time: the key is of use for a range of accounts alone.
        where (v_all or o.bucket = any (p_buckets) and o.account_id > p_from and o.account_id <= p_to)
            and o.bucket + 0 = any (p_buckets) and o.recorded_at >= p_since
        group by o.bucket;
end
$$;

comment on function points.weigh_asked(smallint[], bigint, bigint, timestamptz) is
    'Sums up the operations recorded since p_since of accounts p_from < id <= p_to of each of some buckets: told, what they all say of their entries, and accounts, some of them more than once: strange, where an id is not its key, hashed, or lots were changed without an entry; special, with an operation that more comes of; unbooked, with one that moved nothing. Null: none.';
