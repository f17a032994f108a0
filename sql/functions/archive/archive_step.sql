create or replace function points.archive_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_month date := points.oldest_month();
    v_waits record;
begin
    done := 0;
    while done < p_limit loop
        due_since := (
            select points.month_start(v_month, p.archive_after_months + 1) from points.program p
            where points.month_start(v_month, p.archive_after_months + 1) <= v_now
        );
        exit when due_since is null;
        if exists (select from points.entry_default e where e.recorded_at < points.month_start(v_month)) then
            failure := format('points.entry_default has entries of before %s: make their partitions first', to_char(v_month, 'YYYY-MM'));
            exit;
        end if;
        v_waits := points.month_waits(v_month);
        if v_waits.lots > 0 or v_waits.holds > 0 then
            insert into points.ledger_month (month, checked_at, open_lots, open_holds)
            values (v_month, v_now, v_waits.lots, v_waits.holds)
            on conflict (month) do update
            set checked_at = excluded.checked_at, open_lots = excluded.open_lots, open_holds = excluded.open_holds;
            -- It is not late: whoever closes them decides when.
            due_since := null;
            exit;
        end if;
        -- Of buckets that were ever sealed.
        if exists (select from points.seal_window w where isfinite(w.since) and w.since < points.month_start(v_month, 1)) then
            failure := format('the job seal has not come to the end of %s', to_char(v_month, 'YYYY-MM'));
            exit;
        end if;
        -- Sealing locks the month until this transaction ends, so it moves in another one.
        if not points.month_sealed(v_month) then
            perform points.seal_month(v_month);
            done := done + 1;
            exit;
        end if;
        exit when exists (
            select from pg_catalog.pg_locks k
            where k.pid = pg_backend_pid() and k.relation = ('points.' || points.month_table('entry', v_month))::regclass
                and k.mode in ('ShareRowExclusiveLock', 'AccessExclusiveLock')
        );
        perform points.archive_month(v_month, v_now);
        done := done + 1;
        v_month := points.oldest_month();
    end loop;
end
$$;

comment on function points.archive_step(int, timestamptz) is
    'Job archive: seals the oldest month if it is due and closed, or moves it, when it was sealed by an earlier transaction, to the archive; p_limit months at most. It waits for the seals of that month. One that waits for lots or holds is noted in points.ledger_month, and all after it wait, too. p_now moves the clock in tests; null: the clock.';
