create or replace function points.forget_deliveries_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_row record;
    v_given_up int := 0;
    v_orphaned int := 0;
begin
    failure := null;
    for v_row in
        select w.id, w.deleted_at from points.webhook w
        where not w.enabled or w.failed_at - w.failing_since >= interval '72 hours'
        order by w.id
        for no key update
    loop
        if v_row.deleted_at is null then
            v_given_up := v_given_up + points.give_up(v_row.id, p_limit, v_now);
        else
            delete from points.webhook_delivery d
            using (
                select o.bucket, o.event from points.webhook_delivery o
                where o.state = any (enum_range(null::points.delivery_state)) and o.webhook = v_row.id
                limit p_limit
            ) o
            where d.bucket = o.bucket and d.event = o.event and d.webhook = v_row.id;
            get diagnostics done = row_count;
            v_orphaned := v_orphaned + done;
            if done < p_limit then
                delete from points.webhook w where w.id = v_row.id;
            end if;
        end if;
    end loop;

    delete from points.webhook_delivery d
    using (
        select o.bucket, o.event, o.webhook from points.webhook_delivery o
        where o.done_at <= v_now - (select p.webhook_days from points.program p) * interval '1 day'
        order by o.done_at
        limit p_limit
        for update skip locked
    ) o
    where d.bucket = o.bucket and d.event = o.event and d.webhook = o.webhook;
    get diagnostics done = row_count;
    if greatest(done, v_given_up, v_orphaned) >= p_limit then
        due_since := v_now;
    end if;
    done := done + v_given_up + v_orphaned;
end
$$;

comment on function points.forget_deliveries_step(int, timestamptz) is
    'Job forget_deliveries: gives up what has waited for 72 hours for a receiver that is disabled or has failed all that time, and deletes what was delivered or given up program.webhook_days ago, and what was for deleted webhooks: p_limit of each at most. p_now moves the clock in tests; null: the clock.';
