create or replace function api.hold_points(
    p_user_id text,
    p_points bigint,
    p_idempotency_key text,
    p_deadline timestamptz default null,
    p_reason text default null,
    p_order_key text default null,
    p_amount numeric default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('hold', p_user_id, p_wallet, null, p_idempotency_key, null, p_order_key, null, null, null, p_amount, p_points, null, p_deadline, p_reason, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.hold_points(text, bigint, text, timestamptz, text, text, numeric, text, jsonb, text) is
    'Reserves points, soonest expiry first, until they are captured or released, or p_deadline (null: for ever). The hold''s id is the operation''s. p_order_key, p_amount: the order that they are to pay for. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP101 INSUFFICIENT_POINTS, LP103 ACCOUNT_FROZEN, LP109 ACCOUNT_MERGED.';
