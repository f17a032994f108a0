create or replace function api.restore_month(p_month date) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text;
begin
    -- Not while the job is about it.
    perform from points.job j where j.name = 'archive' for no key update;
    v_fault := (
        select case
            when l.last is null or l.last <> p_month or p_month is null
                then format('must be the last archived month%s', coalesce(', ' || to_char(l.last, 'YYYY-MM'), ': none is'))
            when points.month_start(p_month, p.archive_after_months + 1) <= clock_timestamp()
                then 'would be archived again at once: change that by api.set_archive before'
            when exists (select from points.entry_default) or exists (select from points.lot_use_default)
                then 'cannot move while rows lie in a default partition: api.create_partitions moves them to their months'
        end
        from points.program p
        cross join (select max(m.month) as last from points.ledger_month m where m.archived_at is not null) l
    );
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'month', 'message', v_fault));
    end if;
    perform points.month_complete(p_month);
    perform points.unbook_checkpoint(p_month);
    delete from points.ledger_month m where m.month = p_month;
    perform points.move_month(p_month, '_archive', '');
    -- Moving has locked them already.
    execute format('drop trigger sealed on points.%I', points.month_table('entry', p_month));
    execute format('drop trigger sealed on points.%I', points.month_table('lot_use', p_month));
end
$$;

comment on function api.restore_month(date) is
    'Moves the last archived month (its first day) back among the live ones. Reads are the same before and after. Raises LP001 INVALID_INPUT, LP904 when its rows are not there, and 55P03 when the ledger is busy: try again.';
