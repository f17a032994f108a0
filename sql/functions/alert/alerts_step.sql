create or replace function points.alerts_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_readings points.alert_reading[];
begin
    delete from points.alert a
    where a.id in (
        select o.id from points.alert o
        where o.state = 'resolved' and o.resolved_at <= v_now - interval '90 days'
        order by o.resolved_at
        limit 1000);
    due_since := null;
    done := 0;
    v_readings := array(
        select k from points.weigh_flows(v_now) k
        union all
        select k from points.weigh_books(v_now) k
        union all
        select k from points.weigh_work(v_now) k);
    if cardinality(v_readings) > p_limit then
        failure := format('%s things to look at are more than %s: narrow the rules', cardinality(v_readings), p_limit);
    else
        failure := null;
        done := points.apply_readings(v_readings, true, v_now);
    end if;
end
$$;

comment on function points.alerts_step(int, timestamptz) is
    'Job alerts: measures what the alert rules are about, and raises and resolves alerts; deletes those that were resolved 90 days ago, 1,000 at most. p_now moves the clock in tests; null: the clock.';
