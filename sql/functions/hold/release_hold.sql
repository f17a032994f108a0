create or replace function api.release_hold(
    p_user_id text,
    p_hold_id uuid,
    p_idempotency_key text,
    p_reason text default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('release', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_hold_id, null, null, null, null, null, p_reason, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.release_hold(text, uuid, text, text, text, jsonb, text) is
    'Gives a hold back to the lots that it came from; what has expired meanwhile expires. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP104 HOLD_CLOSED, LP108 UNKNOWN_OPERATION, LP109 ACCOUNT_MERGED.';
