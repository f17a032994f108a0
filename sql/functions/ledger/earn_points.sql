create or replace function api.earn_points(
    p_user_id text,
    p_rule text,
    p_idempotency_key text,
    p_amount numeric default null,
    p_points bigint default null,
    p_occurred_at timestamptz default null,
    p_order_key text default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql',
    p_address inet default null,
    p_device text default null
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('earn', p_user_id, p_wallet, null, p_idempotency_key, p_rule, p_order_key, null, null, null, p_amount, p_points, p_occurred_at, null, null, null, p_metadata, null, row(p_address, p_device)::api.origin)::api.request);
end
$$;

comment on function api.earn_points(text, text, text, numeric, bigint, timestamptz, text, text, jsonb, text, inet, text) is
    'Awards points by a rule. p_amount: money, for rules that take an amount; p_points: for rules that take points. p_order_key: the order, if the key of an earn by an amount is not its name. p_address, p_device: where the member is, for limits and risk rules that look at it. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN, LP005 RULE_RETIRED, LP109 ACCOUNT_MERGED, LP133 ALREADY_EARNED, LP151 AWARD_DENIED.';
