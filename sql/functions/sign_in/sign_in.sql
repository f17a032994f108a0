create or replace function api.sign_in(
    p_user_id text,
    p_idempotency_key text,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql',
    p_address inet default null,
    p_device text default null
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('sign_in', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, null, null, p_metadata, null, row(p_address, p_device)::api.origin)::api.request);
end
$$;

comment on function api.sign_in(text, text, text, jsonb, text, inet, text) is
    'Signs a member in for the present local day: what the rule of the terms awards, and the bonus each time that so many consecutive days are full. detail of the operation has day, streak and bonus. p_address, p_device: as in api.earn_points. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP131 ALREADY_SIGNED_IN, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN, LP151 AWARD_DENIED.';
