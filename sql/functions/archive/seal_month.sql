create or replace function points.seal_month(p_month date) returns void
language plpgsql volatile set timezone = 'UTC' set lock_timeout = '100ms' as $$
declare
    v_parent text;
    v_name text;
begin
    foreach v_parent in array array['entry', 'lot_use'] loop
        v_name := points.month_table(v_parent, p_month);
        execute format('create trigger sealed before insert on points.%I for each row execute function points.refuse_change()', v_name);
        -- For attaching it without reading it. One that was restored has it.
        if not exists (
            select from pg_catalog.pg_constraint c where c.conrelid = ('points.' || v_name)::regclass and c.conname = v_name || '_keeps_to_its_month')
        then
            execute format('alter table points.%I add constraint %I check (recorded_at >= %L and recorded_at < %L) not valid',
                v_name, v_name || '_keeps_to_its_month', points.month_start(p_month), points.month_start(p_month, 1));
        end if;
    end loop;
end
$$;

comment on function points.seal_month(date) is
    'Lets nothing be booked in a month any more, so that what is computed of it stays true. Locks its tables, which every read of the ledger plans with, until the end of the transaction: so that does nothing else.';
