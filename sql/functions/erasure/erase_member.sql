create or replace function api.erase_member(
    p_user_id text,
    p_idempotency_key text,
    p_reason text,
    p_actor text default session_user,
    p_client text default 'psql'
) returns table (replayed boolean, accounts int, points bigint, erased_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_outcome record;
begin
    select * into v_outcome from points.run_erase(row('erase', p_user_id, null, (select c.id from points.client c where c.name = p_client),
        p_idempotency_key, null, null, null, null, null, null, null, null, null, p_reason, p_actor, null, null, null)::api.request);
    if v_outcome.refusal is not null then
        perform points.raise_refusal(v_outcome.refusal, v_outcome.detail);
    end if;
    return query select v_outcome.replayed, v_outcome.accounts, v_outcome.points, v_outcome.erased_at;
end
$$;

comment on function api.erase_member(text, text, text, text, text) is
    'Erases a member from every wallet: holds are released, points and debt written off, and the name goes for ever; entries and operations stay, so the books stay equal. Afterwards the same user_id is a new member. Keys, reasons, actors and metadata are kept: they must hold no personal data. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
