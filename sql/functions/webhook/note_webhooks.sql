create or replace function points.note_webhooks() returns void
language plpgsql volatile as $$
begin
    update points.program p
    set webhook_events = array(
        select distinct e.event from points.webhook w
        cross join lateral unnest(w.events) as e(event)
        where w.enabled
        order by e.event);
end
$$;

comment on function points.note_webhooks() is
    'Keeps program.webhook_events, after each change of webhooks.';
