create or replace function points.archive_month(p_month date, p_now timestamptz) returns void
language plpgsql volatile set enable_seqscan = on set plan_cache_mode = auto as $$
declare
    v_parent text;
    v_counts bigint[];
    v_count bigint;
begin
    foreach v_parent in array array['entry', 'lot_use'] loop
        execute format('alter table points.%I validate constraint %I', points.month_table(v_parent, p_month),
            points.month_table(v_parent, p_month) || '_keeps_to_its_month');
        execute format('select count(*) from points.%I', points.month_table(v_parent, p_month)) into v_count;
        v_counts := v_counts || v_count;
    end loop;
    perform points.book_checkpoint(p_month);
    insert into points.ledger_month (month, checked_at, open_lots, open_holds, archived_at, entries, lot_uses)
    values (p_month, p_now, 0, 0, p_now, v_counts[1], v_counts[2])
    on conflict (month) do update
    set checked_at = excluded.checked_at, open_lots = 0, open_holds = 0, archived_at = excluded.archived_at,
        entries = excluded.entries, lot_uses = excluded.lot_uses;
    perform points.move_month(p_month, '', '_archive');
end
$$;

comment on function points.archive_month(date, timestamptz) is
    'Moves the oldest month, which is sealed and closed, to the archive: checkpoints and counts first, the lock last. Raises LP901, 55P03.';
