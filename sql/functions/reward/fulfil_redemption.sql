create or replace function api.fulfil_redemption(
    p_user_id text,
    p_redemption_id uuid,
    p_idempotency_key text,
    p_reason text default null,
    p_actor text default session_user,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('fulfil', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_redemption_id, null, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.fulfil_redemption(text, uuid, text, text, text, text, jsonb, text) is
    'Says that a reserved redemption has been delivered: it cannot be cancelled any more. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP108 UNKNOWN_OPERATION, LP121 REDEMPTION_CLOSED, LP109 ACCOUNT_MERGED.';
