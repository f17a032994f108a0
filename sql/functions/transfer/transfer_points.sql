create or replace function api.transfer_points(
    p_user_id text,
    p_to_user_id text,
    p_points bigint,
    p_idempotency_key text,
    p_reason text default null,
    p_accept boolean default false,
    p_deadline timestamptz default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.pair_one(p_client, row(case when p_accept then 'hold' else 'transfer' end, p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, p_to_user_id, null, p_points, null, p_deadline, p_reason, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.transfer_points(text, text, bigint, text, text, boolean, timestamptz, text, jsonb, text) is
    'Gives points of a member to another, with their lots'' expiry and source. p_accept: they are only offered, and held until api.accept_transfer, api.decline_transfer, api.cancel_transfer, or p_deadline (null: for ever). A frozen member receives only if frozen accounts earn. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP101 INSUFFICIENT_POINTS, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN, LP109 ACCOUNT_MERGED.';
