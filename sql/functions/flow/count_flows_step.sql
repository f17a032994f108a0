create or replace function points.count_flows_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
declare
    v_count points.flow_count;
    v_own xid8 := pg_current_xact_id();
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_from timestamptz;
    v_until timestamptz;
    v_entries bigint;
begin
    done := 0;
    failure := null;
    select * into strict v_count from points.flow_count c for update;
    -- A step that takes too long is rolled back with all that it found out: that it failed is what makes the next one shorter.
    v_count.slice := greatest(interval '1 second', v_count.slice / 2 ^ least((select j.failures from points.job j where j.name = 'count_flows'), 12));
    if v_count.counted_until is null then
        v_count.counted_until := coalesce((select min(e.recorded_at) from points.entry_history e), v_now) - interval '1 microsecond';
    end if;
    -- The clock was set back: what has been recorded since is before what is counted, so the last two hours are counted anew.
    if v_now < greatest(v_count.counted_until, v_count.mark_at) then
        v_from := date_trunc('hour', v_now - interval '1 hour', (select p.time_zone from points.program p));
        failure := format('the clock was set back from %s to %s: flows since %s are counted anew',
            points.instant_text(greatest(v_count.counted_until, v_count.mark_at)), points.instant_text(v_now), points.instant_text(v_from));
        delete from points.hourly_flow f where f.hour >= v_from;
        v_count.counted_until := least(v_count.counted_until, v_from - interval '1 microsecond');
        v_count.mark_at := null;
        v_count.mark_xid := null;
    end if;
    -- Numbers of a server that this database was restored from mean nothing here.
    if greatest(v_count.mark_by, v_count.mark_xid) > v_own then
        v_count.mark_at := null;
        v_count.mark_xid := null;
    end if;
    -- This transaction got its number after the mark was set, unless it has set it itself.
    if v_count.mark_by <> v_own and v_count.mark_xid is null then
        v_count.mark_xid := v_own;
    end if;
    if v_count.mark_at is not null and v_count.mark_xid <= pg_snapshot_xmin(pg_current_snapshot()) then
        v_until := least(v_count.mark_at, v_count.counted_until + v_count.slice);
        v_entries := points.count_entries(v_count.counted_until, v_until);
        done := least(v_entries, 2147483647)::int;
        v_count.counted_until := greatest(v_count.counted_until, v_until);
        v_count.slice := case
            when v_entries > p_limit then greatest(v_count.slice / 2, interval '1 second')
            when v_entries < p_limit / 4 then least(v_count.slice * 2, interval '1 hour')
            else v_count.slice
        end;
        if v_count.counted_until < v_count.mark_at then
            due_since := v_count.counted_until;
            done := greatest(done, 1);
        else
            v_count.mark_at := null;
        end if;
    end if;
    if v_count.mark_at is null then
        v_count.mark_at := v_now;
        v_count.mark_by := v_own;
        v_count.mark_xid := null;
    end if;
    update points.flow_count c
    set counted_until = v_count.counted_until, mark_at = v_count.mark_at, mark_by = v_count.mark_by, mark_xid = v_count.mark_xid, slice = v_count.slice
    where c.id;
end
$$;

comment on function points.count_flows_step(int, timestamptz) is
    'Job count_flows: counts the next slice of entries, aiming at p_limit of them, fewer after steps that failed, up to an instant that an earlier step has marked. Whoever books takes a number of a transaction with its first lock and reads the clock after that, so what may be recorded before the mark has a lower number than the transaction after the one that marked: once no lower one runs, all of it can be seen. So what is committed late is waited for, and counted once. After the clock was set back, which it reports as a failure, it counts the hours since the one before anew. p_now moves the clock in tests; null: the clock.';
