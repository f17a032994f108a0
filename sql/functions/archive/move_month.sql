create or replace function points.move_month(p_month date, p_from text, p_to text) returns void
language plpgsql volatile set timezone = 'UTC' set lock_timeout = '100ms' as $$
declare
    v_parent text;
begin
    -- All of the locks that others may wait for, before anything else.
    foreach v_parent in array array['entry', 'lot_use'] loop
        execute format('alter table points.%I detach partition points.%I', v_parent || p_from, points.month_table(v_parent, p_month));
    end loop;
    foreach v_parent in array array['entry', 'lot_use'] loop
        execute format('alter table points.%I attach partition points.%I for values from (%L) to (%L)',
            v_parent || p_to, points.month_table(v_parent, p_month), points.month_start(p_month), points.month_start(p_month, 1));
    end loop;
exception when lock_not_available then
    raise exception using
        errcode = '55P03',
        message = format('the ledger is busy: no lock on it within 0.1 s to move %s', to_char(p_month, 'YYYY-MM')),
        hint = 'Nothing has changed. Try again, when no long transaction reads or writes entries.';
end
$$;

comment on function points.move_month(date, text, text) is
    'Moves the tables of a month between the live parents (suffix '''') and those of the archive (_archive), by the catalog alone: no row is read. It locks out everybody who reads or writes the ledger, so it comes last in its transaction, and gives up rather than keep them waiting.';
