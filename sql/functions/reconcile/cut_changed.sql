create or replace function points.cut_changed(p_buckets smallint[], p_from bigint, p_since timestamptz, p_limit int) returns bigint
language plpgsql stable
set enable_seqscan = off set enable_indexscan = off set enable_nestloop = off set random_page_cost = 0 set seq_page_cost = 0 set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_all bigint := 9223372036854775807;
begin
    -- Mostly there are no more, and then nobody has to be told from another.
    if p_from < 0 and p_limit >= (select count(*) from (select from points.operation o where o.recorded_at >= p_since limit p_limit::bigint + 1) o) then
        return v_all;
    end if;
    if cardinality(p_buckets) > 1 then
        return (
            select case when count(*) <= p_limit then v_all end
            from (
                select from points.operation o
                where o.bucket + 0 = any (p_buckets) and (p_from < 0 or o.account_id > p_from) and o.recorded_at >= p_since
                limit p_limit::bigint + 1
            ) o);
    end if;
    return (
        select case when bool_and(q.before < p_limit) is not false then v_all else max(q.account_id) filter (where q.before < p_limit) end
        from (
            select o.account_id, sum(count(*)) over (order by o.account_id rows unbounded preceding) - count(*) as before
            from points.operation o
            where (p_from < 0 or o.bucket = p_buckets[1] and o.account_id > p_from) and o.bucket + 0 = p_buckets[1] and o.recorded_at >= p_since
            group by o.account_id
        ) q);
end
$$;

comment on function points.cut_changed(smallint[], bigint, timestamptz, int) is
    'The account up to which those of a bucket after p_from have about p_limit operations recorded since p_since, one at least; 2^63 - 1: all, of some buckets, too; null: some buckets have more together. Each entry has an operation, so this bounds entries, too, at the price of counting alone.';
