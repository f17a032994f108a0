create or replace function points.seal_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_bucket smallint;
    v_since timestamptz;
    v_snapshot pg_catalog.xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_last bigint := (select max(r.id) from points.reconciliation_run r);
begin
    done := 0;
    failure := null;
    -- The marks of the reconciler tell what can still be committed.
    for v_bucket, v_since in
        select l.bucket, coalesce(s.next_since, '-infinity')
        from points.lane l
        left join lateral (
            select s.next_since, s.sealed_at from points.seal s where s.bucket = l.bucket order by s.number desc limit 1
        ) s on true
        where coalesce(s.sealed_at, '-infinity') < v_now - make_interval(secs => p_limit)
        order by s.sealed_at nulls first, l.bucket
    loop
        done := (points.seal_bucket(
            v_bucket, v_since, coalesce(points.proven_mark(v_last, v_snapshot, v_now), v_since), v_now) > 0)::int;
        due_since := case when done > 0 then v_now end;
        exit when done > 0;
    end loop;
end
$$;

comment on function points.seal_step(int, timestamptz) is
    'Job seal: seals what is new in one bucket, the first of those that were sealed longest ago and at least p_limit seconds ago. p_now moves the clock in tests; null: the clock.';
