create or replace function points.sum_chunk(p_run bigint, p_no int) returns void
language plpgsql volatile
set enable_seqscan = on set enable_sort = off set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_chunk points.reconciliation_chunk;
    v_from tid;
    v_to tid;
    v_until timestamptz;
    v_proven timestamptz := coalesce((select min(k.proven_to) from points.key_proof k), '-infinity');
    v_once text[] := array(select r.code from points.rule r where r.once);
begin
    select * into v_chunk from points.reconciliation_chunk c where c.run = p_run and c.no = p_no;
    v_from := format('(%s,0)', v_chunk.from_block)::tid;
    v_to := format('(%s,0)', v_chunk.to_block)::tid;
    v_until := (select r.settled_at from points.reconciliation_run r where r.id = p_run);
    if v_chunk.kind = 'entries' then
        insert into points.reconciliation_sum (run, no, bucket, part, total, archived, strange, entries, special)
        select p_run, p_no, e.bucket, e.account_id & 63, coalesce(sum(e.weight), 0) + coalesce(sum(e.large_weight), 0),
            coalesce(sum(e.goes_on) filter (where e.archived), 0), 0, count(*), '{}'
        from points.entry_weight e
        where e.place >= v_from and e.place < v_to and e.recorded_at < v_until
        group by e.bucket, e.account_id & 63;
    elsif v_chunk.kind = 'lot_uses' then
        insert into points.reconciliation_sum (run, no, bucket, part, total, archived, strange, entries, special)
        select p_run, p_no, u.bucket, u.account_id & 63, coalesce(sum(u.weight), 0) + coalesce(sum(u.large_weight), 0), 0, 0, 0, '{}'
        from points.lot_use_weight u
        where u.place >= v_from and u.place < v_to and u.recorded_at < v_until
        group by u.bucket, u.account_id & 63;
    else
        insert into points.reconciliation_sum (run, no, bucket, part, total, archived, strange, entries, special, proven_keys, keys)
        select p_run, p_no, o.bucket, o.account_id & 63,
            -coalesce(sum(o.weight), 0) + coalesce(sum(uuid_hash_extended(o.id, o.account_id) >> 3) filter (where o.points > 0 and o.rule = any (v_once)), 0),
            0, count(*) filter (where o.recorded_at >= v_proven and o.strange), 0,
            coalesce(array_agg(o.account_id) filter (where o.kind not in ('earn', 'spend', 'expire', 'activate', 'adjust')), '{}'),
            coalesce(sum(o.key_hash) filter (where o.recorded_at < v_proven), 0), sum(o.key_hash)
        from points.operation_weight o
        where o.place >= v_from and o.place < v_to and o.recorded_at < v_until
        group by o.bucket, o.account_id & 63;
    end if;
end
$$;

comment on function points.sum_chunk(bigint, int) is
    'Sums up a range of blocks of an append-only table: one read from front to back, whatever account a row is of. Only what was recorded before the run''s settled_at counts, so the sums are those of one instant.';
