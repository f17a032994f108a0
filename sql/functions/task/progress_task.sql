create or replace function api.progress_task(
    p_user_id text,
    p_task text,
    p_idempotency_key text,
    p_steps int default 1,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('progress', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, p_steps, null, null, null, null, p_metadata, p_task, null)::api.request);
end
$$;

comment on function api.progress_task(text, text, text, int, text, jsonb, text) is
    'Says that a member did p_steps steps of a task in the present period. detail of the operation has done, needed and claimed; steps beyond those needed count for nothing. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP031 UNKNOWN_TASK, LP032 TASK_CLOSED, LP103 ACCOUNT_FROZEN.';
