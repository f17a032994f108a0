create or replace function api.unmerge_accounts(
    p_user_id text,
    p_idempotency_key text,
    p_reason text,
    p_actor text default session_user,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.pair_one(p_client, row('unmerge', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.unmerge_accounts(text, text, text, text, text, jsonb, text) is
    'Parts the account of p_user_id from the one that it was merged into: what it brought and has not expired comes back. Only while nothing depends on the merge: NOT_REVERSIBLE when points that it brought were used, or it brought a debt, or it had other accounts merged into it before. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP105 NOT_REVERSIBLE.';
