create or replace function api.rotate_webhook_secret(p_name text, p_idempotency_key text, p_client text default 'psql')
returns table (replayed boolean, secret text, webhook api.webhook)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_webhook points.webhook := points.lock_webhook(p_name);
    v_secret bytea;
    v_change record;
begin
    if v_webhook.id is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'no such webhook'));
    end if;
    v_change := points.note_change(p_client, 'webhooks', p_idempotency_key, 'rotate_webhook_secret', p_name, '{}');
    if not v_change.replayed then
        v_secret := points.new_secret();
        update points.webhook w
        set former_inner_pad = w.inner_pad, former_outer_pad = w.outer_pad, former_until = clock_timestamp() + interval '24 hours',
            inner_pad = points.key_pad(v_secret, 54), outer_pad = points.key_pad(v_secret, 92)
        where w.id = v_webhook.id;
    end if;
    return query select v_change.replayed, 'whsec_' || encode(v_secret, 'base64'), w from api.webhook w where w.name = p_name;
end
$$;

comment on function api.rotate_webhook_secret(text, text, text) is
    'Gives a webhook a new secret. For 24 hours its events are signed with the one before, too; one before that is void at once. secret is told this once: null when replayed. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
