create or replace function api.adjust_points(
    p_user_id text,
    p_points bigint,
    p_idempotency_key text,
    p_reason text,
    p_actor text default session_user,
    p_expires_at timestamptz default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('adjust', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, p_points, null, p_expires_at, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.adjust_points(text, bigint, text, text, text, timestamptz, text, jsonb, text) is
    'Corrects an account by hand, either way; points granted never expire unless p_expires_at is given. It is not an earn: levels do not move. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP101 INSUFFICIENT_POINTS, LP102 LIMIT_REACHED, LP109 ACCOUNT_MERGED.';
