create or replace function api.silence_alert(
    p_id bigint, p_until timestamptz, p_reason text, p_actor text, p_idempotency_key text, p_client text default 'psql'
) returns table (replayed boolean, alert api.alert)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_replayed boolean := points.decide_alert('silence_alert', p_id, 'silenced', p_until, p_actor, p_reason, p_idempotency_key, p_client);
begin
    return query select v_replayed, a from api.alert a where a.id = p_id;
end
$$;

comment on function api.silence_alert(bigint, timestamptz, text, text, text, text) is
    'Puts an alert aside: it is raised again at p_until, unless it is over by then. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
