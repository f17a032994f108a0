create or replace function points.run_step(
    p_mode points.reconciliation_mode, p_limit int, p_now timestamptz, out run bigint, out done int, out due_since timestamptz
)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_begun record;
    v_run points.reconciliation_run;
    v_chunk points.reconciliation_chunk;
    v_id bigint;
begin
    v_begun := points.begin_run(p_mode, p_now);
    run := v_begun.run;
    done := (run is not null)::int;
    due_since := v_now;
    if v_begun.begun then
        return;
    end if;
    select * into v_run from points.reconciliation_run r where r.id = v_begun.run;
    if v_run.since is null then
        perform points.plan_run(v_run.id, p_limit, v_now);
        return;
    end if;
    -- One account a transaction, which holds nothing else, so that nobody who books waits for a chunk, or it for him.
    select d.id into v_id
    from points.discrepancy d
    where d.to_freeze and d.closed_at is null
    order by d.id
    limit 1
    for no key update of d skip locked;
    if found then
        perform points.freeze_wrong(v_id);
        return;
    end if;
    -- In full runs, a bucket is proven when all is summed up, and the rest when all buckets are proven.
    select c.* into v_chunk
    from points.reconciliation_chunk c
    where c.run = v_run.id and not c.done and (v_run.mode = 'incremental' or not exists (
        select from points.reconciliation_chunk b
        where b.run = c.run and not b.done and case when c.kind = 'rest' then b.kind <> 'rest' else c.kind = 'bucket' and b.kind < 'bucket' end))
    order by c.no
    limit 1
    for no key update of c skip locked;
    if found then
        perform points.prove_chunk(v_run, v_chunk, v_now);
    elsif not exists (select from points.reconciliation_chunk c where c.run = v_run.id and not c.done) then
        perform points.end_run(v_run.id, v_now);
        due_since := null;
    else
        -- Others are about what is left.
        done := 0;
    end if;
end
$$;

comment on function points.run_step(points.reconciliation_mode, int, timestamptz) is
    'One step of a run, in one short transaction: begins it, plans it, freezes an account that was found wrong, does a chunk that nobody else does, or ends it. Several sessions may take steps of a run at once. done 0: others are about what is left. due_since null: it has ended.';
