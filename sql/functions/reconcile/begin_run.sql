create or replace function points.begin_run(p_mode points.reconciliation_mode, p_now timestamptz, out run bigint, out begun boolean)
language plpgsql volatile as $$
declare
    v_mode points.reconciliation_mode := p_mode;
    v_given_up bigint[];
    v_clock timestamptz;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using errcode = 'invalid_transaction_state', message = 'the reconciler needs read committed: its mark is later than its snapshot would be';
    end if;
    v_given_up := array(
        select r.id
        from points.reconciliation_run r
        where r.ended_at is null and clock_timestamp() - case r.mode when 'full' then interval '1 day' else interval '10 minutes' end > coalesce(
            (select max(c.progress_at) from points.reconciliation_chunk c where c.run = r.id), r.started_at)
        for no key update of r skip locked);
    if v_given_up <> '{}' then
        update points.reconciliation_run r set ended_at = clock_timestamp(), given_up = true where r.id = any (v_given_up);
        delete from points.reconciliation_sum s where s.run = any (v_given_up);
        delete from points.reconciliation_chunk c where c.run = any (v_given_up);
    end if;
    if v_mode = 'incremental' and not exists (select from points.reconciliation_run r where r.proven_up_to is not null) then
        v_mode := 'full';
    end if;
    run := (select r.id from points.reconciliation_run r where r.mode = v_mode and r.ended_at is null);
    begun := run is null;
    if begun then
        delete from points.reconciliation_run r
        where r.mode = 'incremental' and r.started_at < clock_timestamp() - interval '30 days'
            and r.id < (select max(p.id) from points.reconciliation_run p where p.proven_up_to is not null);
        -- When this transaction began, and its id, which it has got since: whoever gets a later one reads the clock later still.
        -- The upper bound of a snapshot would not do: transactions that still run may have ids above it.
        v_clock := coalesce(p_now, now());
        -- The clock was set back: what is booked now lies before the instant up to which keys were proven.
        delete from points.key_proof k where k.proven_to > v_clock;
        insert into points.reconciliation_run (mode, started_at, marked_xid, marked_at)
        values (v_mode, clock_timestamp(), pg_current_xact_id(), v_clock)
        on conflict do nothing
        returning id into run;
    end if;
end
$$;

comment on function points.begin_run(points.reconciliation_mode, timestamptz) is
    'The run of a mode that goes on, or, begun, a new one with its mark. Where nothing was ever proven, an incremental run is a full one. run null: somebody else begins one right now. One that has not got on for a day is given up; an incremental one after ten minutes, as what was booked since it was cut makes its chunks larger. Raises 25000 unless read committed.';
