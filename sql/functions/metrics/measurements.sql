create or replace function api.measurements() returns table (name text, labels text[], value float8)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now timestamptz := clock_timestamp();
    v_zone text := (select p.time_zone from points.program p);
begin
    return query
        select m.name, '{}'::text[], m.value::float8
        from points.queue_state q
        cross join lateral (values
            ('jifen_queue_waiting', q.waiting::numeric), ('jifen_queue_oldest_seconds', points.seconds_since(q.oldest_at, v_now))) as m(name, value)
        union all
        select m.name, '{}', m.value::float8
        from (
            select (select count(*) from (select from points.outbox o limit 10000) o) as waiting,
                (select o.happened_at from points.outbox o order by o.bucket, o.id limit 1) as oldest_at
        ) q
        cross join lateral (values
            ('jifen_outbox_waiting', q.waiting::numeric), ('jifen_outbox_oldest_seconds', points.seconds_since(q.oldest_at, v_now))) as m(name, value)
        union all
        select m.name, array[w.name], m.value::float8
        from api.webhook w
        cross join lateral (values
            ('jifen_webhook_waiting', w.waiting), ('jifen_webhook_lag_seconds', w.lag_seconds), ('jifen_webhook_dead', w.dead_letters)) as m(name, value)
        union all
        select m.name, array[j.name], m.value::float8
        from api.job j
        cross join lateral (values ('jifen_job_lag_seconds', j.lag_seconds), ('jifen_job_failures', j.failures)) as m(name, value)
        union all
        select 'jifen_expiry_lag_seconds', '{}', points.seconds_since(min(b.due_since), v_now)::float8
        from points.due_buckets('-infinity', v_now) b
        union all
        select m.name, '{}', m.value::float8
        from points.reconciliation_state s
        cross join lateral (values
            ('jifen_reconciliation_age_seconds', extract(epoch from v_now - s.last_full_at)),
            ('jifen_reconciliation_incremental_age_seconds', extract(epoch from v_now - s.last_incremental_at)),
            ('jifen_discrepancies', s.open_discrepancies::numeric)) as m(name, value)
        where m.value is not null
        union all
        select 'jifen_seal_lag_seconds', '{}', points.seconds_since(points.unsealed_since(), v_now)::float8
        union all
        select 'jifen_flow_lag_seconds', '{}', points.seconds_since(c.counted_until, v_now)::float8 from points.flow_count c
        union all
        select 'jifen_hour_points', array[w.code, e.flow::text], points.flow_points(e.flow, w.code, date_trunc('hour', v_now, v_zone))::float8
        from points.wallet w
        cross join unnest(enum_range(null::points.flow_measure)) as e(flow)
        union all
        select m.name, array[t.wallet], m.value::float8
        from points.total_check t
        cross join lateral (values
            ('jifen_total_points', t.actual), ('jifen_total_difference_points', abs(t.expected - t.actual))) as m(name, value)
        union all
        select 'jifen_alerts', array[s.severity::text], (
            select count(*) from points.alert a where a.severity = s.severity and a.state in ('open', 'acknowledged', 'silenced')
        )::float8
        from unnest(enum_range(null::points.alert_severity)) as s(severity);
end
$$;

comment on function api.measurements() is
    'What the database has for /metrics, in one look: the name of a metric, the values of its labels, and its value. What there is no value for is left out.';
