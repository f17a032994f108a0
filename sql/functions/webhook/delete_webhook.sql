create or replace function api.delete_webhook(p_name text, p_idempotency_key text, p_client text default 'psql') returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_webhook points.webhook := points.lock_webhook(p_name);
    v_change record;
begin
    if p_name is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'must not be null'));
    end if;
    v_change := points.note_change(p_client, 'webhooks', p_idempotency_key, 'delete_webhook', p_name, '{}');
    if not v_change.replayed then
        if v_webhook.id is null then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'no such webhook'));
        end if;
        update points.webhook w set enabled = false, deleted_at = clock_timestamp() where w.id = v_webhook.id;
        perform points.note_webhooks();
    end if;
    return v_change.replayed;
end
$$;

comment on function api.delete_webhook(text, text, text) is
    'Ends a webhook for good, with what waits for it; its deliveries are deleted by and by. Returns whether it was done before under this key. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
