create or replace function points.queue_deliveries(p_limit int, p_now timestamptz default null) returns int
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_bucket smallint := (-1)::smallint;
    v_webhooks int[];
    v_ids bigint[];
    v_done int := 0;
begin
    if not exists (select from points.outbox o) then
        return 0;
    end if;
    v_webhooks := array(select w.id from points.webhook w where w.enabled order by w.id for no key update);
    loop
        select o.bucket into v_bucket from points.outbox o where o.bucket > v_bucket order by o.bucket limit 1;
        exit when not found;
        v_ids := array(
            select o.id from points.outbox o where o.bucket = v_bucket order by o.id limit p_limit for update skip locked
        );
        insert into points.webhook_delivery (bucket, event, webhook, account_id, kind, facts, happened_at, queued_at, due_at)
        select o.bucket, o.id, w.id, o.account_id, o.event, coalesce(e.facts, o.facts), o.happened_at, v_now,
            case when o.account_id is null then v_now end
        from points.outbox o
        left join lateral (
            select a.wallet from points.account a where a.bucket = o.bucket and a.id = o.account_id limit 1
        ) a on true
        left join lateral (
            select points.entry_event(e, p) as facts, e.kind, p.rule,
                greatest(abs(e.pending_delta), abs(e.available_delta), abs(e.held_delta), abs(e.debt_delta)) as moved
            from points.entry e
            cross join lateral (
                select * from points.operation p
                where p.bucket = e.bucket and p.account_id = e.account_id and p.id = e.operation_id
                limit 1
            ) p
            where e.bucket = o.bucket and e.account_id = o.account_id and e.seq = o.seq and e.recorded_at = o.happened_at
            limit 1
        ) e on o.seq is not null
        join points.webhook w on w.id = any (v_webhooks) and case
            when o.event = 'webhook.ping' then w.name = o.facts ->> 'name'
            else o.event = any (w.events) and (w.wallets is null or coalesce(a.wallet, o.facts ->> 'wallet') = any (w.wallets))
                and (o.seq is null or (w.kinds is null or e.kind = any (w.kinds)) and (w.rules is null or e.rule = any (w.rules))
                    and (w.minimum is null or e.moved >= w.minimum))
        end
        where o.bucket = v_bucket and o.id = any (v_ids);
        delete from points.outbox o where o.bucket = v_bucket and o.id = any (v_ids);
        perform points.line_up(array_agg(d.webhook), array_agg(d.bucket), array_agg(d.account_id), v_now)
        from unnest(v_webhooks) w
        cross join unnest(v_ids) i
        cross join lateral (
            select * from points.webhook_delivery d where d.bucket = v_bucket and d.event = i and d.webhook = w limit 1
        ) d
        where d.account_id is not null;
        v_done := v_done + cardinality(v_ids);
    end loop;
    return v_done;
end
$$;

comment on function points.queue_deliveries(int, timestamptz) is
    'Takes events out of the outbox, p_limit of each bucket at most, and queues each for the receivers that want it. What it sees of an account is in order, since the next one is written after the commit of the one before. Returns how many it took out. p_now moves the clock in tests; null: the clock.';
