create or replace function api.set_time_zone(
    p_user_id text,
    p_time_zone text,
    p_idempotency_key text,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('set_time_zone', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, null, null, p_metadata, p_time_zone, null)::api.request);
end
$$;

comment on function api.set_time_zone(text, text, text, text, jsonb, text) is
    'Gives a member a time zone (IANA) of the member''s own for days of sign-in, from the next local day on; once a day. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP102 LIMIT_REACHED.';
