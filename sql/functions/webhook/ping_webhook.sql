create or replace function api.ping_webhook(p_name text, p_idempotency_key text, p_client text default 'psql')
returns table (replayed boolean, webhook api.webhook)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_webhook points.webhook := points.lock_webhook(p_name);
    v_change record;
begin
    if p_name is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'must not be null'));
    end if;
    v_change := points.note_change(p_client, 'webhooks', p_idempotency_key, 'ping_webhook', p_name, '{}');
    if not v_change.replayed then
        if v_webhook.enabled is not true then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'no such webhook, or it is disabled'));
        end if;
        insert into points.outbox (bucket, happened_at, event, facts)
        values (0, clock_timestamp(), 'webhook.ping', jsonb_build_object('name', p_name));
        -- One that counts as failing is asked now.
        update points.webhook w set retry_at = least(w.retry_at, clock_timestamp()) where w.id = v_webhook.id;
    end if;
    return query select v_change.replayed, w from api.webhook w where w.name = p_name;
end
$$;

comment on function api.ping_webhook(text, text, text) is
    'Sends a webhook an event webhook.ping, in the way of all others: see its deliveries for what came of it. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
