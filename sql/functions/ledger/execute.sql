create or replace function api.execute(p_bucket smallint, p_requests api.request[])
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer
-- The arrays differ in size from call to call and not in shape: planning them anew costs more than it wins.
set search_path = '' set plan_cache_mode = 'force_generic_plan' set jit = off as $$
begin
    return query select * from points.execute(p_bucket, p_requests);
end
$$;

comment on function api.execute(smallint, api.request[]) is
    'Carries out operations on accounts of one bucket in one transaction and answers each, in order. A refusal is an outcome: refusal and detail say why, operation is null if it was not stored. The gateway''s write path.';
