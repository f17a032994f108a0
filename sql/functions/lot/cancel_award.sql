create or replace function api.cancel_award(
    p_user_id text,
    p_operation_id uuid,
    p_idempotency_key text,
    p_reason text,
    p_actor text default session_user,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.execute_one(p_client, row('cancel_award', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_operation_id, null, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.cancel_award(text, uuid, text, text, text, text, jsonb, text) is
    'Takes back the award p_operation_id while it is pending. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP105 NOT_REVERSIBLE, LP108 UNKNOWN_OPERATION, LP109 ACCOUNT_MERGED, LP154 REVIEW_WAITING, LP155 NOT_PENDING.';
