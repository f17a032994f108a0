create or replace function api.return_order(
    p_user_id text,
    p_order_key text,
    p_idempotency_key text,
    p_amount numeric default null,
    p_reason text default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('return', p_user_id, p_wallet, null, p_idempotency_key, null, p_order_key, null, null, null, p_amount, null, null, null, p_reason, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.return_order(text, text, text, numeric, text, text, jsonb, text) is
    'Returns p_amount of an order (null: all of it): the same share of what it earned is clawed back, and of what was spent on it goes back to its lots. In any number of parts, in any order, even before the order. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP107 RETURN_TOO_LARGE, LP109 ACCOUNT_MERGED.';
