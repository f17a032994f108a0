create or replace function points.give_up(p_webhook int, p_limit int, p_now timestamptz) returns int
language plpgsql volatile as $$
declare
    v_buckets smallint[];
    v_events bigint[];
begin
    select array_agg(q.bucket), array_agg(q.event) into v_buckets, v_events
    from (
        select d.bucket, d.event from points.webhook_delivery d
        where d.webhook = p_webhook and d.state = 'waiting' and d.happened_at <= p_now - interval '72 hours'
            and d.queued_at <= p_now - interval '72 hours' and d.claimed_at is null
        order by d.happened_at, d.bucket, d.event
        limit p_limit
    ) q;
    update points.webhook_delivery d
    set state = 'dead', done_at = p_now, due_at = null, failure = coalesce(d.failure, 'the receiver was not to be reached for 72 hours')
    from unnest(v_buckets, v_events) as q(bucket, event)
    where d.bucket = q.bucket and d.event = q.event and d.webhook = p_webhook;
    perform points.line_up(array_agg(d.webhook), array_agg(d.bucket), array_agg(d.account_id), p_now)
    from unnest(v_buckets, v_events) as q(bucket, event)
    join points.webhook_delivery d on d.bucket = q.bucket and d.event = q.event and d.webhook = p_webhook
    where d.account_id is not null;
    return coalesce(cardinality(v_events), 0);
end
$$;

comment on function points.give_up(int, int, timestamptz) is
    'Gives up what has waited for 72 hours for a locked webhook, the oldest first. Returns how many.';
