create or replace function points.make_partitions(p_months_ahead int default 3, p_now timestamptz default now())
returns int
language plpgsql volatile set timezone = 'UTC' set lock_timeout = '50ms' as $$
declare
    v_months timestamptz[];
    v_parent text;
    v_month timestamptz;
    v_name text;
    v_created int := 0;
begin
    v_months := array(
        select generate_series(date_trunc('month', p_now), date_trunc('month', p_now) + make_interval(months => p_months_ahead), '1 month'));
    if not exists (
        select from unnest(v_months) m(month)
        cross join unnest(array['entry', 'lot_use']) p(parent)
        where to_regclass('points.' || p.parent || to_char(m.month, '"_"YYYY"_"MM')) is null)
    then
        return 0;
    end if;
    -- All of the locks that others may wait for, before anything else, or none: who books may hold one table and want the other.
    for v_attempt in 1 .. 100 loop
        begin
            -- One at a time: two gateways may start together.
            lock table points.program in share row exclusive mode;
            -- Changes nothing, but locks: LOCK is not for tables that even the owner may not update.
            alter table points.entry_default replica identity default;
            alter table points.lot_use_default replica identity default;
            exit;
        exception when lock_not_available then
            if v_attempt = 100 then
                raise;
            end if;
            perform pg_sleep(random() * 0.1);
        end;
    end loop;
    foreach v_parent in array array['entry', 'lot_use'] loop
        foreach v_month in array v_months loop
            v_name := v_parent || to_char(v_month, '"_"YYYY"_"MM');
            continue when to_regclass('points.' || v_name) is not null;
            execute format('create table points.%I (like points.%I including defaults including constraints)', v_name, v_parent);
            execute format('comment on table points.%I is %L', v_name, format('Rows of points.%s booked in %s (UTC).', v_parent, to_char(v_month, 'YYYY-MM')));
            perform points.move_default_rows(v_parent, v_name, v_month);
            execute format('alter table points.%I attach partition points.%I for values from (%L) to (%L)',
                v_parent, v_name, v_month, v_month + interval '1 month');
            execute format('create trigger append_only_truncate before truncate on points.%I execute function points.refuse_change()', v_name);
            execute format('revoke update, delete, truncate on points.%I from jifen_owner', v_name);
            v_created := v_created + 1;
        end loop;
    end loop;
    return v_created;
end
$$;

comment on function points.make_partitions(int, timestamptz) is
    'Makes the monthly partitions of points.entry and points.lot_use for the month of p_now and p_months_ahead further ones, where absent; months are in UTC. Returns how many it made. It locks out everybody who reads or writes the ledger for a moment, and waits for that in short tries, some 10 s at most. Repeatable; run it daily. Raises 55P03.';
