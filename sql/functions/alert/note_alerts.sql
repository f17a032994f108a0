create or replace function points.note_alerts(p_version bigint, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    -- Whoever follows alerts reads again when anything is announced.
    perform pg_notify('jifen', 'catalogue');
    insert into points.outbox (bucket, happened_at, event, facts)
    select 0, p_now, e.event, jsonb_build_object(
        'id', a.id::text, 'rule', a.rule, 'kind', r.kind, 'subject', a.subject, 'wallet', a.wallet, 'severity', a.severity, 'value', a.value,
        'threshold', r.threshold, 'message', a.message, 'description', r.description, 'since', points.instant_text(a.since),
        'raisedAt', points.instant_text(a.raised_at), 'resolvedAt', points.instant_text(a.resolved_at), 'version', a.version)
    from points.alert a
    join points.alert_rule r on r.name = a.rule
    cross join lateral (
        select case a.state when 'open' then 'alert.raised' when 'resolved' then 'alert.resolved' end::points.webhook_event as event
    ) e
    where a.version = p_version and points.wants_event(e.event)
    order by a.id;
end
$$;

comment on function points.note_alerts(bigint, timestamptz) is
    'Announces the alerts that changed to this version, and puts those raised and resolved into the outbox.';
