create or replace function points.line_up(p_webhooks int[], p_buckets smallint[], p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_webhooks int[];
    v_buckets smallint[];
    v_events bigint[];
begin
    select array_agg(l.webhook), array_agg(l.bucket), array_agg(n.event) into v_webhooks, v_buckets, v_events
    from (select distinct * from unnest(p_webhooks, p_buckets, p_account_ids) as l(webhook, bucket, account_id)) l
    cross join lateral (
        select n.event from points.webhook_delivery n
        where n.bucket = l.bucket and n.account_id = l.account_id and n.webhook = l.webhook and n.done_at is null
        order by n.event
        limit 1
    ) n
    where not exists (
        select from points.webhook_delivery h
        where h.bucket = l.bucket and h.account_id = l.account_id and h.webhook = l.webhook and h.due_at is not null
    );
    update points.webhook_delivery d
    set due_at = p_now
    from unnest(v_webhooks, v_buckets, v_events) as n(webhook, bucket, event)
    where d.bucket = n.bucket and d.event = n.event and d.webhook = n.webhook;
end
$$;

comment on function points.line_up(int[], smallint[], bigint[], timestamptz) is
    'Makes the first waiting event of each of these accounts due for these receivers, where none is.';
