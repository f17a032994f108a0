create or replace function api.redeem_reward(
    p_user_id text,
    p_reward text,
    p_idempotency_key text,
    p_expected_price bigint default null,
    p_order_key text default null,
    p_amount numeric default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('redeem', p_user_id, p_wallet, null, p_idempotency_key, null, p_order_key, p_reward, null, null, p_amount, p_expected_price, null, null, null, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.redeem_reward(text, text, text, bigint, text, numeric, text, jsonb, text) is
    'Redeems a reward at p_expected_price (null: whatever it costs now): points, stock, quota and the redemption at once; the redemption''s id is the operation''s. p_order_key: returning that order whole cancels it; p_amount: what the order amounts to, so that part of it can be returned, which gives back that part of the points and nothing else. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP021 UNKNOWN_REWARD, LP022 NOT_ON_SALE, LP023 PRICE_CHANGED, LP024 OUT_OF_STOCK, LP101 INSUFFICIENT_POINTS, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN, LP109 ACCOUNT_MERGED.';
