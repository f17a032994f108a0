create or replace function points.begin_run(p_mode points.reconciliation_mode, p_now timestamptz, out run bigint, out begun boolean)
language plpgsql volatile as $$
declare
    v_mode points.reconciliation_mode := p_mode;
begin
    update points.reconciliation_run r
    set ended_at = clock_timestamp(), given_up = true
    where r.ended_at is null and r.started_at < clock_timestamp() - interval '1 day';
    if v_mode = 'incremental' and not exists (select from points.reconciliation_run r where r.proven_up_to is not null) then
        v_mode := 'full';
    end if;
    run := (select r.id from points.reconciliation_run r where r.mode = v_mode and r.ended_at is null);
    begun := run is null;
    if begun then
        delete from points.reconciliation_run r
        where r.mode = 'incremental' and r.started_at < clock_timestamp() - interval '30 days'
            and r.id < (select max(p.id) from points.reconciliation_run p where p.proven_up_to is not null);
        -- The upper bound of transaction ids first, and then the clock.
        insert into points.reconciliation_run (mode, started_at, marked_xid, marked_at)
        values (v_mode, clock_timestamp(), pg_snapshot_xmax(pg_current_snapshot()), coalesce(p_now, clock_timestamp()))
        on conflict do nothing
        returning id into run;
    end if;
end
$$;

comment on function points.begin_run(points.reconciliation_mode, timestamptz) is
    'The run of a mode that goes on, or, begun, a new one with its mark. Where nothing was ever proven, an incremental run is a full one. run null: somebody else begins one right now.';
