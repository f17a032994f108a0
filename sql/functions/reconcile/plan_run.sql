create or replace function points.plan_run(p_run bigint, p_limit int, p_now timestamptz) returns void
language plpgsql volatile set timezone = 'UTC' as $$
declare
    v_run points.reconciliation_run;
    v_settled timestamptz;
    v_proven record;
    v_since timestamptz := timestamptz '-infinity';
    v_all bigint := 9223372036854775807;
begin
    select * into v_run from points.reconciliation_run r where r.id = p_run for no key update;
    if v_run.since is not null then
        return;
    end if;
    v_settled := coalesce(points.proven_mark(p_run, pg_snapshot_xmin(pg_current_snapshot()), p_now), '-infinity');
    if v_run.mode = 'incremental' then
        select r.id, r.proven_up_to into v_proven from points.reconciliation_run r where r.proven_up_to is not null order by r.id desc limit 1;
        -- A clock that is set back by less than a minute, unseen by any mark, leaves nothing out either.
        v_since := least(v_proven.proven_up_to, p_now, (select min(r.marked_at) from points.reconciliation_run r where r.id > v_proven.id)) - interval '1 minute';
    end if;
    update points.reconciliation_run r set since = v_since, settled_at = v_settled where r.id = p_run;

    insert into points.reconciliation_chunk (run, no, kind, from_block, to_block, buckets, at_account_id, to_account_id)
    select p_run, row_number() over (order by q.kind, q.from_block, q.buckets, q.at_account_id), q.kind, q.from_block, q.to_block, q.buckets, q.at_account_id, q.to_account_id
    from (
        select t.kind, b.block as from_block, case when b.block + t.step > t.blocks then 4294967295 else b.block + t.step end as to_block, null::smallint[] as buckets, -1::bigint as at_account_id, v_all as to_account_id
        from (
            -- A range is of each partition, so that it is the smaller the more there are.
            select s.kind, max(s.blocks) as blocks, greatest(1024, 16384 * max(s.blocks) / greatest(sum(s.blocks), 1))::bigint as step
            from (
                select k.kind::points.chunk_kind as kind, pg_relation_size(coalesce(i.inhrelid, k.relation)) / current_setting('block_size')::bigint as blocks
                from (values
                    ('entries', 'points.entry'::regclass), ('entries', 'points.entry_archive'::regclass), ('operations', 'points.operation'::regclass),
                    ('lot_uses', 'points.lot_use'::regclass), ('lot_uses', 'points.lot_use_archive'::regclass)
                ) as k(kind, relation)
                left join pg_catalog.pg_inherits i on i.inhparent = k.relation
            ) s
            group by s.kind
        ) t
        cross join lateral generate_series(0, t.blocks, t.step) as b(block)
        where v_run.mode = 'full'
        union all
        select 'bucket', null, null, array[l.bucket], -1, v_all from points.lane l where v_run.mode = 'full'
        union all
        select 'bucket', null, null, c.buckets, c.from_account_id, c.to_account_id
        from points.cut_changed(v_since, p_limit) c
        where v_run.mode = 'incremental'
        union all
        select k.kind, null, null, null, -1, v_all from unnest(array['stock', 'months', 'outbox']::points.chunk_kind[]) k(kind) where v_run.mode = 'full'
        union all
        select 'rest', null, null, null, -1, v_all
    ) q;
end
$$;

comment on function points.plan_run(bigint, int, timestamptz) is
    'Decides since when a run proves, and cuts it into chunks; p_limit: operations of one of an incremental run, about. In a transaction of its own after points.begin_run, when those that were older than the mark have ended, if they ever do.';
