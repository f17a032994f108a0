create or replace function api.execute_transfer(p_request api.request)
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer
set search_path = '' set plan_cache_mode = 'force_generic_plan' set jit = off
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
    return query select * from points.run_transfer(p_request);
end
$$;

comment on function api.execute_transfer(api.request) is
    'Carries out one operation between two members in one transaction and answers it; kinds as in points.run_transfer. A refusal is an outcome, as in api.execute. The gateway''s way for transfers.';
