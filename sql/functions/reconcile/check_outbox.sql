create or replace function points.check_outbox() returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'outbox_tells_what_is', null::bigint, 'events of ' || q.bucket || '/' || q.account_id, jsonb_build_object('events', jsonb_agg(q.id))
        from (
            select o.bucket, o.account_id, o.id, o.seq, o.happened_at, lag(o.seq) over (partition by o.bucket, o.account_id order by o.id) as behind
            from points.outbox o
            where o.event = 'entry.booked'
        ) q
        where q.seq <= q.behind or not exists (
            select from points.entry_history e
            where e.bucket = q.bucket and e.account_id = q.account_id and e.seq = q.seq and e.recorded_at = q.happened_at)
        group by q.bucket, q.account_id
        union all
        select 'outbox_tells_what_is', null::bigint, 'deliveries of ' || d.bucket || '/' || d.account_id || ' to ' || d.webhook, jsonb_build_object('waiting', count(*), 'due', count(d.due_at))
        from points.webhook_delivery d
        where d.done_at is null and d.account_id is not null
        group by d.bucket, d.account_id, d.webhook
        having count(d.due_at) <> 1;
end
$$;

comment on function points.check_outbox() is
    'Events that wait, against the entries that they are about, and deliveries, of which the first of each account is due: outbox_tells_what_is.';
