create or replace function api.reject_award(
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
    return query select * from points.execute_one(p_client, row('reject', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, p_operation_id, null, null, null, null, null, p_reason, p_actor, p_metadata, null, null)::api.request);
end
$$;

comment on function api.reject_award(text, uuid, text, text, text, text, jsonb, text) is
    'Takes back the award p_operation_id, which waits for review. p_actor must not be the actor of the award. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP108 UNKNOWN_OPERATION, LP152 REVIEW_CLOSED, LP153 SECOND_PERSON_NEEDED.';
