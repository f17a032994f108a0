create or replace function api.resolve_alert(p_id bigint, p_actor text, p_idempotency_key text, p_reason text default null, p_client text default 'psql')
returns table (replayed boolean, alert api.alert)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_replayed boolean := points.decide_alert('resolve_alert', p_id, 'resolved', null, p_actor, p_reason, p_idempotency_key, p_client);
begin
    return query select v_replayed, a from api.alert a where a.id = p_id;
end
$$;

comment on function api.resolve_alert(bigint, text, text, text, text) is
    'Ends an alert by hand. Where its rule still measures too much, the next look raises another one. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
