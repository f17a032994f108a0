create or replace function api.reinstate_points(
    p_user_id text,
    p_operation_id uuid,
    p_expires_at timestamptz,
    p_idempotency_key text,
    p_reason text,
    p_actor text default session_user,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('reinstate', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_operation_id, null, null, null, null, p_expires_at, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.reinstate_points(text, uuid, timestamptz, text, text, text, text, jsonb, text) is
    'Brings back, once, what the operation p_operation_id, of the kind expire, let expire: to the lots that it came from, which expire at p_expires_at now. It is no earning. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP105 NOT_REVERSIBLE, LP106 ALREADY_REVERSED, LP108 UNKNOWN_OPERATION, LP109 ACCOUNT_MERGED.';
