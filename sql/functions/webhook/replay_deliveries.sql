create or replace function points.replay_deliveries(p_webhook int, p_ids text[], p_since timestamptz, p_delivered boolean, p_limit int, p_now timestamptz)
returns int
language plpgsql volatile as $$
declare
    v_buckets smallint[];
    v_events bigint[];
begin
    select array_agg(q.bucket), array_agg(q.event) into v_buckets, v_events
    from (
        (
            select d.bucket, d.event
            from unnest(p_ids) i
            join points.webhook_delivery d
                on d.bucket = split_part(i, '_', 2)::smallint and d.event = split_part(i, '_', 3)::bigint and d.webhook = p_webhook
            where d.state <> 'waiting'
        )
        union all
        (
            select d.bucket, d.event
            from unnest(case when p_delivered then '{dead,delivered}' else '{dead}' end::points.delivery_state[]) s
            cross join lateral (
                select d.bucket, d.event, d.happened_at from points.webhook_delivery d
                where d.webhook = p_webhook and d.state = s and d.happened_at >= p_since
                order by d.happened_at, d.bucket, d.event
                limit p_limit
            ) d
            order by d.happened_at, d.bucket, d.event
            limit p_limit
        )
    ) q;

    update points.webhook_delivery d
    set state = 'waiting', queued_at = p_now, done_at = null, attempts = 0, tried_since = null, status = null, failure = null,
        due_at = case when d.account_id is null then p_now end
    from unnest(v_buckets, v_events) as q(bucket, event)
    where d.bucket = q.bucket and d.event = q.event and d.webhook = p_webhook;

    -- Earlier events of an account go first again, unless a later one is under way.
    update points.webhook_delivery d
    set due_at = null
    from (
        select distinct d.bucket, d.account_id
        from unnest(v_buckets, v_events) as q(bucket, event)
        join points.webhook_delivery d on d.bucket = q.bucket and d.event = q.event and d.webhook = p_webhook
    ) q
    where d.bucket = q.bucket and d.account_id = q.account_id and d.webhook = p_webhook and d.due_at is not null and d.claimed_at is null;
    perform points.line_up(array_agg(d.webhook), array_agg(d.bucket), array_agg(d.account_id), p_now)
    from unnest(v_buckets, v_events) as q(bucket, event)
    join points.webhook_delivery d on d.bucket = q.bucket and d.event = q.event and d.webhook = p_webhook
    where d.account_id is not null;
    return coalesce(cardinality(v_events), 0);
end
$$;

comment on function points.replay_deliveries(int, text[], timestamptz, boolean, int, timestamptz) is
    'Queues dead deliveries of a locked webhook again, or those of p_ids, or, p_delivered, those that were delivered as well: with the same ids, in the order of each account. Returns how many.';
