create or replace function api.create_invitation_code(
    p_user_id text,
    p_idempotency_key text,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('invite', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, null, null, p_metadata, null, null)::api.request);
end
$$;

comment on function api.create_invitation_code(text, text, text, jsonb, text) is
    'Makes the code by which a member invites others; the one that is there, if it is. detail of the operation has it. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP103 ACCOUNT_FROZEN.';
