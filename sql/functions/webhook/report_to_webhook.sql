create or replace function points.report_to_webhook(
    p_webhook int, p_taken int, p_first_failures int, p_claimed_at timestamptz, p_failure text, p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_webhook points.webhook;
    v_failures int;
begin
    select * into v_webhook from points.webhook w where w.id = p_webhook;
    v_failures := case
        when p_taken > 0 then 0
        -- What was sent before it counted as failing says nothing new.
        when v_webhook.failures >= 5 then v_webhook.failures + (p_claimed_at >= v_webhook.retry_at)::int
        -- One event that it will not take, again and again, is no reason to hold up the others.
        else least(v_webhook.failures + p_first_failures, 5)
    end;
    update points.webhook w
    set failures = v_failures,
        failing_since = case when p_taken = 0 then coalesce(w.failing_since, p_now) end,
        delivered_at = case when p_taken > 0 then p_now else w.delivered_at end,
        failed_at = case when p_failure is not null then p_now else w.failed_at end,
        failure = coalesce(p_failure, w.failure),
        retry_at = case
            when v_failures < 5 then null
            when v_failures = w.failures then w.retry_at
            else p_now + points.delivery_delay(v_failures - 4, interval '5 minutes')
        end
    where w.id = p_webhook;
    -- After an outage. One that takes some and some not is spared.
    if p_taken > 0 and v_webhook.failing_since <= p_now - interval '1 minute' then
        update points.webhook_delivery d set due_at = p_now where d.webhook = p_webhook and d.due_at > p_now and d.claimed_at is null;
    end if;
end
$$;

comment on function points.report_to_webhook(int, int, int, timestamptz, text, timestamptz) is
    'What a report means for the receiver: after 5 events in a row that it did not take at first, it counts as failing, and is asked again after 5, 10, 20 ... seconds, at most 5 minutes; the first success ends that. After a minute without success, it also makes due at once what waits for another attempt. p_claimed_at: when the last one that failed was claimed.';
