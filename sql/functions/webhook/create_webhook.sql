create or replace function api.create_webhook(
    p_name text,
    p_url text,
    p_events points.webhook_event[],
    p_idempotency_key text,
    p_wallets text[] default null,
    p_kinds points.entry_kind[] default null,
    p_rules text[] default null,
    p_minimum bigint default null,
    p_per_second int default 100,
    p_client text default 'psql'
) returns table (replayed boolean, secret text, webhook api.webhook)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now timestamptz := clock_timestamp();
    v_secret bytea;
    v_fault text[];
    v_change record;
begin
    v_fault := case
        when p_name is null or p_name !~ '^[a-z][a-z0-9_-]{0,31}$' then array['name', 'must be 1 to 32 small letters, digits, _ and -, the first a letter']
        else points.webhook_fault(p_url, p_events, p_wallets, p_kinds, p_rules, p_minimum, p_per_second)
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'webhooks', p_idempotency_key, 'create_webhook', p_name, jsonb_build_object(
        'url', p_url, 'events', p_events, 'wallets', p_wallets, 'kinds', p_kinds, 'rules', p_rules, 'minimum', p_minimum, 'per_second', p_per_second));
    if not v_change.replayed then
        v_secret := points.new_secret();
        insert into points.webhook (
            name, url, events, wallets, kinds, rules, minimum, per_second, created_at, inner_pad, outer_pad, allowed_at)
        values (p_name, p_url, p_events, p_wallets, p_kinds, p_rules, p_minimum, p_per_second, v_now,
            points.key_pad(v_secret, 54), points.key_pad(v_secret, 92), v_now)
        on conflict (name) where deleted_at is null do nothing;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message', 'there is a webhook of this name'));
        end if;
        perform points.note_webhooks();
    end if;
    return query select v_change.replayed, 'whsec_' || encode(v_secret, 'base64'), w
        from (select) q left join api.webhook w on w.name = p_name;
end
$$;

comment on function api.create_webhook(text, text, points.webhook_event[], text, text[], points.entry_kind[], text[], bigint, int, text) is
    'Makes a receiver of events from now on. p_wallets: of these kinds of points only; p_kinds, p_rules, p_minimum: entries of these kinds, by these rules, that move at least so much only; null: all. p_per_second: requests a second at most. secret is told this once: null when replayed, so rotate it if the answer was lost. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
