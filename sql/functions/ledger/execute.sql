create or replace function api.execute(p_bucket smallint, p_requests api.request[])
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer
-- Batches differ in size and not in shape, so planning each anew costs more than it wins; and a plan made while
-- the tables were still empty must not be one that reads them whole.
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_drafts points.draft[];
begin
    if array_ndims(p_requests) > 1 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'requests', 'message', 'must be a list'));
    end if;
    v_drafts := points.carry_out(p_bucket, p_requests);
    -- Not by points.execute: each function between costs a call another copy of the answers.
    return query select * from points.answer(p_bucket, v_drafts);
end
$$;

comment on function api.execute(smallint, api.request[]) is
    'Carries out operations on accounts of one bucket in one transaction and answers each, in order. A refusal is an outcome: refusal and detail say why, operation is null if it was not stored. The gateway''s write path. Raises LP001 INVALID_INPUT.';
