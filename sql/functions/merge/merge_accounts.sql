create or replace function api.merge_accounts(
    p_user_id text,
    p_into_user_id text,
    p_idempotency_key text,
    p_reason text,
    p_actor text default session_user,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.pair_one(p_client, row('merge', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, p_into_user_id, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.merge_accounts(text, text, text, text, text, text, jsonb, text) is
    'Merges the account of p_user_id into that of p_into_user_id, which is one person''s: lots with their expiry, debt, and what counts for the level go over. Open holds, keys, operations and orders of p_user_id stay and answer; what they give back later goes on to p_into_user_id. All else asked of p_user_id is ACCOUNT_MERGED. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN, LP109 ACCOUNT_MERGED, LP154 REVIEW_WAITING.';
