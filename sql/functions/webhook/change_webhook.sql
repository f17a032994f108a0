create or replace function api.change_webhook(
    p_name text,
    p_url text,
    p_events points.webhook_event[],
    p_enabled boolean,
    p_idempotency_key text,
    p_wallets text[] default null,
    p_kinds points.entry_kind[] default null,
    p_rules text[] default null,
    p_minimum bigint default null,
    p_per_second int default 100,
    p_client text default 'psql'
) returns table (replayed boolean, webhook api.webhook)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_webhook points.webhook;
    v_fault text[];
    v_change record;
begin
    v_webhook := points.lock_webhook(p_name);
    v_fault := case
        when v_webhook.id is null then array['name', 'no such webhook']
        when p_enabled is null then array['enabled', 'must not be null']
        else points.webhook_fault(p_url, p_events, p_wallets, p_kinds, p_rules, p_minimum, p_per_second)
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'webhooks', p_idempotency_key, 'change_webhook', p_name, jsonb_build_object(
        'url', p_url, 'events', p_events, 'wallets', p_wallets, 'kinds', p_kinds, 'rules', p_rules, 'minimum', p_minimum, 'per_second', p_per_second, 'enabled', p_enabled));
    if not v_change.replayed then
        update points.webhook w
        set url = p_url, events = p_events, enabled = p_enabled, wallets = p_wallets, kinds = p_kinds, rules = p_rules,
            minimum = p_minimum, per_second = p_per_second, allowance = least(w.allowance, p_per_second),
            failures = 0, failing_since = null, retry_at = null
        where w.id = v_webhook.id;
        update points.webhook_delivery d set due_at = clock_timestamp()
        where d.webhook = v_webhook.id and d.due_at > clock_timestamp() and d.claimed_at is null;
        perform points.note_webhooks();
    end if;
    return query select v_change.replayed, w from api.webhook w where w.name = p_name;
end
$$;

comment on function api.change_webhook(text, text, points.webhook_event[], boolean, text, text[], points.entry_kind[], text[], bigint, int, text) is
    'Gives a webhook these terms, all of them: what is left out is all. Disabled, nothing is queued for it, and what waits is sent when it is enabled again, within 72 hours. What waits for another attempt is tried at once. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
