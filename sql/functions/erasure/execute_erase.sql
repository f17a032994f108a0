create or replace function api.execute_erase(p_request api.request)
returns table (refusal text, detail jsonb, replayed boolean, accounts int, points bigint, erased_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.run_erase(p_request);
end
$$;

comment on function api.execute_erase(api.request) is
    'Erases the member of the request, with its key, reason and actor, in one transaction, and answers it. A refusal is an outcome, as in api.execute. The gateway''s way to erase.';
