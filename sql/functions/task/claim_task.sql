create or replace function api.claim_task(
    p_user_id text,
    p_task text,
    p_idempotency_key text,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql',
    p_address inet default null,
    p_device text default null
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('claim', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, null, null, p_metadata, p_task, row(p_address, p_device)::api.origin)::api.request);
end
$$;

comment on function api.claim_task(text, text, text, text, jsonb, text, inet, text) is
    'Pays a member for a task that is done in the present period, once a period. p_address, p_device: as in api.earn_points. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP031 UNKNOWN_TASK, LP032 TASK_CLOSED, LP033 TASK_NOT_DONE, LP134 ALREADY_CLAIMED, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN, LP151 AWARD_DENIED.';
