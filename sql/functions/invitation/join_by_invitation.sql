create or replace function api.join_by_invitation(
    p_user_id text,
    p_code text,
    p_idempotency_key text,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('join', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, null, null, p_metadata, p_code, null)::api.request);
end
$$;

comment on function api.join_by_invitation(text, text, text, text, jsonb, text) is
    'Says that a member was invited by the owner of a code: once for ever, before the member qualifies. Both are paid when that happens. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP041 UNKNOWN_INVITATION, LP141 ALREADY_INVITED, LP142 NOT_INVITABLE, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN.';
