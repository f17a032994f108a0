create or replace function points.claim_deliveries(p_now timestamptz default null)
returns table (bucket smallint, event bigint, webhook int, attempt int, url text, to_private boolean, id text, sent_at bigint, signature text, body text)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_seconds bigint := floor(extract(epoch from v_now))::bigint;
    v_webhook points.webhook;
    v_open boolean;
    v_flying int;
    v_allowance float8;
    v_buckets smallint[];
    v_events bigint[];
begin
    for v_webhook in
        select * from points.webhook w
        where w.enabled and (w.failures < 5 or w.retry_at <= v_now) and exists (
            select from points.webhook_delivery d
            where d.webhook = w.id and d.due_at is not null and (d.due_at <= v_now or w.failures >= 5))
        order by w.id
        for no key update skip locked
    loop
        v_open := v_webhook.failures >= 5;
        v_flying := (
            select count(*)::int from points.webhook_delivery d where d.webhook = v_webhook.id and d.due_at > v_now and d.claimed_at is not null
        );
        v_allowance := least(v_webhook.per_second, v_webhook.allowance
            + v_webhook.per_second * greatest(extract(epoch from v_now - v_webhook.allowed_at), 0)::float8);
        select array_agg(q.bucket), array_agg(q.event) into v_buckets, v_events
        from (
            select d.bucket, d.event from points.webhook_delivery d
            where d.webhook = v_webhook.id and d.due_at is not null and (d.due_at <= v_now or v_open)
            order by d.due_at
            limit case when v_open then 1 - least(v_flying, 1) else greatest(least(20 - v_flying, floor(v_allowance)::int), 0) end
        ) q;
        continue when v_events is null;
        update points.webhook w
        set allowance = greatest(v_allowance - cardinality(v_events), 0), allowed_at = v_now
        where w.id = v_webhook.id;
        update points.webhook_delivery d
        set attempts = d.attempts + 1, claimed_at = v_now, due_at = v_now + interval '30 seconds', tried_since = coalesce(d.tried_since, v_now)
        from unnest(v_buckets, v_events) as c(bucket, event)
        where d.bucket = c.bucket and d.event = c.event and d.webhook = v_webhook.id;
        return query
            select q.bucket, q.event, q.webhook, q.attempts, v_webhook.url, p.webhooks_to_private, q.id, v_seconds,
                points.sign_event(v_webhook, q.id || '.' || v_seconds || '.' || q.body, v_now), q.body
            from (
                select d.bucket, d.event, d.webhook, d.attempts, format('evt_%s_%s', d.bucket, d.event) as id, points.event_body(d) as body
                from unnest(v_buckets, v_events) as c(bucket, event)
                join points.webhook_delivery d on d.bucket = c.bucket and d.event = c.event and d.webhook = v_webhook.id
                offset 0
            ) q
            cross join points.program p;
    end loop;
end
$$;

comment on function points.claim_deliveries(timestamptz) is
    'What is to be sent now, signed: at most 20 at a time to a receiver, no more than per_second; to one that has failed 5 times one at a time, after a pause, whichever has waited longest. Whoever claims has 30 seconds to report (points.report_deliveries); after that it is sent again. p_now moves the clock in tests; null: the clock.';
