create or replace function points.report_deliveries(
    p_buckets smallint[], p_events bigint[], p_webhooks int[], p_attempts int[], p_statuses int[], p_failures text[], p_now timestamptz default null
) returns void
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    perform from points.webhook w where w.id = any (p_webhooks) order by w.id for no key update;

    perform points.report_to_webhook(
        r.webhook,
        count(*) filter (where r.failure is null)::int,
        count(*) filter (where r.failure is not null and r.attempt = 1)::int,
        max(d.claimed_at) filter (where r.failure is not null),
        (array_agg(r.failure) filter (where r.failure is not null))[1],
        v_now)
    from unnest(p_buckets, p_events, p_webhooks, p_attempts, p_failures) as r(bucket, event, webhook, attempt, failure)
    join points.webhook_delivery d on d.bucket = r.bucket and d.event = r.event and d.webhook = r.webhook
    where d.state = 'waiting' and (r.failure is null or d.attempts = r.attempt and d.claimed_at is not null)
    group by r.webhook;

    -- That somebody else has claimed it meanwhile makes a success no less true.
    update points.webhook_delivery d
    set state = case
            when r.failure is null then 'delivered'
            when d.tried_since <= v_now - interval '72 hours' then 'dead'
            else 'waiting'
        end::points.delivery_state,
        done_at = case when r.failure is null or d.tried_since <= v_now - interval '72 hours' then v_now end,
        due_at = case
            when r.failure is not null and d.tried_since > v_now - interval '72 hours'
                then v_now + points.delivery_delay(d.attempts, interval '1 hour')
        end,
        claimed_at = null, status = r.status, failure = r.failure
    from unnest(p_buckets, p_events, p_webhooks, p_attempts, p_statuses, p_failures) as r(bucket, event, webhook, attempt, status, failure)
    where d.bucket = r.bucket and d.event = r.event and d.webhook = r.webhook and d.state = 'waiting'
        and (r.failure is null or d.attempts = r.attempt and d.claimed_at is not null);

    perform points.line_up(array_agg(d.webhook), array_agg(d.bucket), array_agg(d.account_id), v_now)
    from unnest(p_buckets, p_events, p_webhooks) as r(bucket, event, webhook)
    join points.webhook_delivery d on d.bucket = r.bucket and d.event = r.event and d.webhook = r.webhook
    where d.state <> 'waiting' and d.account_id is not null;
end
$$;

comment on function points.report_deliveries(smallint[], bigint[], int[], int[], int[], text[], timestamptz) is
    'What came of deliveries that were claimed: failure null: the receiver took it. A failed one is sent again later and later, for 72 hours from the first attempt; then it is dead, and the next of its account goes. A failure of an attempt that is not the last one is left aside. p_now moves the clock in tests; null: the clock.';
