create or replace function api.execute_pair(p_request api.request)
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_generic_plan' set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set max_parallel_workers_per_gather = 0 as $$
begin
    return query select * from points.run_pair(p_request);
end
$$;

comment on function api.execute_pair(api.request) is
    'Carries out one operation on two accounts in one transaction and answers it: points.run_pair. A refusal is an outcome, as in api.execute. The gateway''s way for transfers and merges.';
