create or replace function points.weigh_work(p_now timestamptz) returns setof points.alert_reading
language plpgsql stable as $$
begin
    return query
        select r.name, '', null, points.seconds_since(q.oldest_at, p_now), format('%s awards wait in the queue', q.waiting)
        from points.alert_rule r
        cross join points.queue_state q
        where r.kind = 'queue_lag' and r.enabled
        union all
        select r.name, j.name, null, points.seconds_since(least(j.due_since, j.next_run_at), p_now),
            format('job %s has been due since %s', j.name, points.instant_text(least(j.due_since, j.next_run_at)))
        from points.alert_rule r
        cross join points.job j
        where r.kind = 'job_lag' and r.enabled and j.enabled
        union all
        select r.name, j.name, null, j.failures::numeric, format('job %s failed %s times in a row: %s', j.name, j.failures, j.failure)
        from points.alert_rule r
        cross join points.job j
        where r.kind = 'job_failing' and r.enabled
        union all
        select r.name, '', null, points.seconds_since(d.due_since, p_now),
            format('what expires or becomes available has been due since %s', points.instant_text(d.due_since))
        from points.alert_rule r
        cross join lateral (select min(b.due_since) as due_since from points.due_buckets('-infinity', p_now) b) d
        where r.kind = 'expiry_lag' and r.enabled
        union all
        select r.name, w.name, null, points.seconds_since(o.oldest_at, p_now),
            format('an event of %s waits for webhook %s: %s', points.instant_text(o.oldest_at), w.name, coalesce(w.failure, 'it has not failed'))
        from points.alert_rule r
        join points.webhook w on w.enabled
        cross join lateral (
            select least((
                select d.happened_at from points.webhook_delivery d
                where d.webhook = w.id and d.state = 'waiting'
                order by d.happened_at
                limit 1
            ), (
                select o.happened_at from points.outbox o order by o.bucket, o.id limit 1
            )) as oldest_at
        ) o
        where r.kind = 'webhook_lag' and r.enabled;
end
$$;

comment on function points.weigh_work(timestamptz) is
    'What rules measure of the work that waits: queue_lag, job_lag, job_failing, expiry_lag, webhook_lag.';
