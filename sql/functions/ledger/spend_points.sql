create or replace function api.spend_points(
    p_user_id text,
    p_points bigint,
    p_idempotency_key text,
    p_reason text default null,
    p_order_key text default null,
    p_amount numeric default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('spend', p_user_id, p_wallet, null, p_idempotency_key, null, p_order_key, null, null, null, p_amount, p_points, null, null, p_reason, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.spend_points(text, bigint, text, text, text, numeric, text, jsonb, text) is
    'Takes points, soonest expiry first. p_order_key: the order that they pay for, so that returns give them back; p_amount: what the order amounts to. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP101 INSUFFICIENT_POINTS, LP103 ACCOUNT_FROZEN, LP109 ACCOUNT_MERGED.';
