create or replace function points.event_body(p_delivery points.webhook_delivery) returns text
language plpgsql stable as $$
begin
    return jsonb_build_object(
        'type', p_delivery.kind,
        'timestamp', points.instant_text(p_delivery.happened_at),
        'data', coalesce((
            select jsonb_build_object('userId', a.user_id, 'wallet', a.wallet) from points.account a
            where a.bucket = p_delivery.bucket and a.id = p_delivery.account_id
        ), '{}') || p_delivery.facts)::text;
end
$$;

comment on function points.event_body(points.webhook_delivery) is
    'What is posted: type, timestamp and data, as Standard Webhooks has it. The member is named as he is now: not at all once erased.';
