create or replace function api.reverse_operation(
    p_user_id text,
    p_operation_id uuid,
    p_idempotency_key text,
    p_reason text default null,
    p_actor text default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('reverse', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_operation_id, null, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.reverse_operation(text, uuid, text, text, text, text, jsonb, text) is
    'Undoes an operation, as far as returns have not done so already: what was spent goes back to its lots, what was granted is clawed back, and if it is gone, the debt policy decides. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP104 HOLD_CLOSED, LP105 NOT_REVERSIBLE, LP106 ALREADY_REVERSED, LP108 UNKNOWN_OPERATION, LP109 ACCOUNT_MERGED.';
