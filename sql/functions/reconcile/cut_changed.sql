create or replace function points.cut_changed(p_since timestamptz, p_limit int) returns table (buckets smallint[], from_account_id bigint, to_account_id bigint)
language plpgsql stable
set enable_seqscan = off set enable_indexscan = off set enable_nestloop = off set enable_sort = off set random_page_cost = 0 set seq_page_cost = 0 set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_all bigint := 9223372036854775807;
    v_least bigint := 2::bigint * p_limit;
    v_width bigint;
begin
    -- All that is new is read once for each piece, of whatever bucket it is: so there are two, since sessions wait for each other's.
    if v_least >= (select count(*) from (select from points.operation o where o.recorded_at >= p_since limit v_least + 1) o) then
        return query
            select array_agg(l.bucket order by l.bucket), -1::bigint, v_all
            from (select l.bucket, ntile(2) over (order by l.bucket) as piece from points.lane l) l
            group by l.piece;
        return;
    end if;
    -- By ranges of ids, as counting by account takes twice as long; by bucket + 0, or the key might be read, in its order, for all history.
    v_width := 1 + coalesce(pg_sequence_last_value('points.account_id_seq'), 0) / 1024;
    return query
        select array[q.bucket], q.from_account_id, coalesce(lead(q.from_account_id) over (partition by q.bucket order by q.from_account_id), v_all)
        from (
            select l.bucket, case when coalesce(c.piece, 0) = 0 then -1 else min(c.part) * v_width - 1 end as from_account_id
            from points.lane l
            left join (
                select c.bucket, c.part, (sum(c.operations) over (partition by c.bucket order by c.part rows unbounded preceding) - c.operations)::bigint / p_limit as piece
                from (
                    select o.bucket + 0 as bucket, o.account_id / v_width as part, count(*) as operations
                    from points.operation o
                    where o.recorded_at >= p_since
                    group by o.bucket + 0, o.account_id / v_width
                ) c
            ) c on c.bucket = l.bucket
            group by l.bucket, c.piece
        ) q;
end
$$;

comment on function points.cut_changed(timestamptz, int) is
    'Cuts all accounts into pieces that have about p_limit operations recorded since p_since: some buckets whole, or accounts from_account_id < id <= to_account_id of one. Each entry has an operation, so this bounds entries, too, at the price of counting alone.';
