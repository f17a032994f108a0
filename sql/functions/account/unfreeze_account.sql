create or replace function api.unfreeze_account(
    p_user_id text,
    p_idempotency_key text,
    p_reason text,
    p_actor text default session_user,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('unfreeze', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.unfreeze_account(text, text, text, text, text, jsonb, text) is
    'Ends what api.freeze_account began. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
