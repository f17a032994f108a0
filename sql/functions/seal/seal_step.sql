create or replace function points.seal_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
language plpgsql volatile as $$
declare
    v_began timestamptz := clock_timestamp();
    v_clock timestamptz := coalesce(p_now, v_began);
    v_snapshot pg_catalog.pg_snapshot;
    v_window points.seal_window;
    v_sealed record;
begin
    done := 0;
    failure := null;
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception using errcode = 'invalid_transaction_state', message = 'sealing needs read committed: its mark is later than its snapshot would be';
    end if;
    -- Before anything is read.
    v_snapshot := pg_current_snapshot();
    for v_window in
        select w.* from points.seal_window w
        -- One that was looked at later than now was so by a clock that was set back.
        where w.until is not null or w.looked_at < v_clock - make_interval(secs => p_limit) or w.looked_at > v_clock
        order by w.looked_at, w.bucket
    loop
        if v_window.until is null then
            v_window.until := case when v_window.mark_xid <= pg_snapshot_xmin(v_snapshot) then v_window.mark_at else v_window.since end;
            v_window.at_account_id := -1;
            -- A mark above the ids of now was left on another server, which this database was restored from.
            if v_window.mark_xid is null or v_window.mark_xid <= pg_snapshot_xmin(v_snapshot) or v_window.mark_xid > pg_snapshot_xmax(v_snapshot) then
                -- When this transaction began, and its id, which it has got since: whoever gets a later one reads the clock later still.
                v_window.mark_at := coalesce(p_now, now());
                v_window.mark_xid := pg_current_xact_id();
            end if;
        end if;
        loop
            v_sealed := points.seal_bucket(
                v_window.bucket, least(v_window.since, v_window.until, v_clock) - interval '1 minute', v_window.at_account_id, v_clock);
            v_window.at_account_id := v_sealed.at_account_id;
            -- To go through what is sealed already takes its time, too.
            exit when v_sealed.entries > 0 or v_sealed.at_account_id = 9223372036854775807 or clock_timestamp() > v_began + interval '5 seconds';
        end loop;
        update points.seal_window w
        set since = case when v_window.at_account_id = 9223372036854775807 then v_window.until else v_window.since end,
            until = case when v_window.at_account_id < 9223372036854775807 then v_window.until end,
            at_account_id = v_window.at_account_id, mark_at = v_window.mark_at, mark_xid = v_window.mark_xid, looked_at = v_clock
        where w.bucket = v_window.bucket;
        done := (v_sealed.entries > 0 or v_sealed.at_account_id < 9223372036854775807)::int;
        due_since := case when done > 0 then v_clock end;
        exit when done > 0;
    end loop;
end
$$;

comment on function points.seal_step(int, timestamptz) is
    'Job seal: seals what is new in one bucket, the first of those that were looked at longest ago and at least p_limit seconds ago, or some of it. p_now moves the clock in tests; null: the clock. Raises 25000 unless read committed.';
