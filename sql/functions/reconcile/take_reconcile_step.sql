create or replace function api.take_reconcile_step(p_mode text, p_limit int default 100000)
returns table (run bigint, done int, ended boolean, chunks_done bigint, chunks bigint, discrepancies bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_step record;
begin
    if p_mode is null or p_mode not in ('full', 'incremental') then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'mode', 'message', 'must be full or incremental'));
    end if;
    if p_limit is null or p_limit < 1 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'limit', 'message', 'must be at least 1'));
    end if;
    v_step := points.run_step(p_mode::points.reconciliation_mode, p_limit, null);
    return query
        select r.id, v_step.done, r.ended_at is not null, r.chunks_done, r.chunks, r.discrepancies
        from api.reconciliation_run r
        where r.id = v_step.run;
end
$$;

comment on function api.take_reconcile_step(text, int) is
    'One step of a run of the reconciler, full or incremental, in one short transaction, for jifen reconcile; several sessions may take steps at once. done 0: others are about what is left. No row: somebody else begins the run right now. p_limit: operations of a step of an incremental run, about, for the step that plans it. Where nothing was ever proven, incremental is full. Raises LP001 INVALID_INPUT.';
