create or replace function api.reverse_transfer(
    p_user_id text,
    p_transfer_id uuid,
    p_idempotency_key text,
    p_reason text default null,
    p_actor text default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.pair_one(p_client, row('reverse', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_transfer_id, null, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.reverse_transfer(text, uuid, text, text, text, text, jsonb, text) is
    'Undoes a transfer of p_user_id whole: the points go back to the lots that they came from, with their own expiry. What the receiver has spent of them becomes the receiver''s debt, or is forgiven, as the debt policy says. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP108 UNKNOWN_OPERATION, LP105 NOT_REVERSIBLE, LP106 ALREADY_REVERSED, LP109 ACCOUNT_MERGED.';
