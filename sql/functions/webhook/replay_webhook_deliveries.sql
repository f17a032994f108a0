create or replace function api.replay_webhook_deliveries(
    p_name text, p_idempotency_key text, p_ids text[] default null, p_since timestamptz default null, p_delivered boolean default false,
    p_client text default 'psql'
) returns table (replayed boolean, deliveries int, more boolean, webhook api.webhook)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_webhook points.webhook := points.lock_webhook(p_name);
    v_fault text[];
    v_change record;
    v_done int := 0;
begin
    v_fault := case
        when v_webhook.id is null then array['name', 'no such webhook']
        when num_nonnulls(p_ids, p_since) <> 1 then array['ids', 'give either ids or since']
        when cardinality(p_ids) not between 1 and 1000 or exists (select from unnest(p_ids) i where i ~ '^evt_[0-9]{1,4}_[0-9]{1,18}$' is not true)
            then array['ids', 'must be 1 to 1000 ids of events, such as evt_3_1207']
        when p_delivered is null then array['delivered', 'must not be null']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'webhooks', p_idempotency_key, 'replay_webhook_deliveries', p_name,
        jsonb_build_object('ids', p_ids, 'since', p_since, 'delivered', p_delivered));
    if not v_change.replayed then
        v_done := points.replay_deliveries(v_webhook.id, p_ids, p_since, p_delivered, 10000, clock_timestamp());
    end if;
    return query select v_change.replayed, v_done, v_done >= 10000, w from api.webhook w where w.name = p_name;
end
$$;

comment on function api.replay_webhook_deliveries(text, text, text[], timestamptz, boolean, text) is
    'Sends deliveries again, with the same webhook-id: those of these events, dead or delivered; or of all that happened since an instant, the dead ones, or, p_delivered, the delivered ones too, 10,000 at most, the oldest first: more then says that there may be more, to be asked for under another key. An account''s go in their order. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
