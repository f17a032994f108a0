create or replace function api.cancel_transfer(
    p_user_id text,
    p_transfer_id uuid,
    p_idempotency_key text,
    p_reason text default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.pair_one(p_client, row('release', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_transfer_id, null, null, null, null, null, p_reason, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.cancel_transfer(text, uuid, text, text, text, jsonb, text) is
    'Takes back an offer that was not accepted yet: the points go back to their lots. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP108 UNKNOWN_OPERATION, LP104 HOLD_CLOSED, LP109 ACCOUNT_MERGED.';
