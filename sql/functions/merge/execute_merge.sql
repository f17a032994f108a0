create or replace function api.execute_merge(p_request api.request)
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = '' as $$
begin
    return query select * from points.run_merge(p_request);
end
$$;

comment on function api.execute_merge(api.request) is
    'Merges or unmerges two accounts in one transaction and answers it; kinds as in points.run_merge. A refusal is an outcome, as in api.execute. The gateway''s way.';
