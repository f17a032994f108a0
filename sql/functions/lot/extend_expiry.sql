create or replace function api.extend_expiry(
    p_user_id text,
    p_expires_at timestamptz,
    p_idempotency_key text,
    p_reason text,
    p_operation_id uuid default null,
    p_before timestamptz default null,
    p_actor text default session_user,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('extend', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_operation_id, null, null, null, null, p_expires_at, p_reason, p_actor, p_metadata,
        to_char(p_before at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), null)::api.request);
end
$$;

comment on function api.extend_expiry(text, timestamptz, text, text, uuid, timestamptz, text, text, jsonb, text) is
    'Lets points live until p_expires_at: what is left of those that the operation p_operation_id granted, or of all that expire before p_before; exactly one of the two. What expires later anyway stays as it is, and what was spent and is refunded has its old expiry. Moves nothing: detail has the points. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP108 UNKNOWN_OPERATION, LP109 ACCOUNT_MERGED.';
