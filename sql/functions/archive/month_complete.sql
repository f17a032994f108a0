create or replace function points.month_complete(p_month date) returns void
language plpgsql stable set enable_seqscan = on set plan_cache_mode = auto as $$
begin
    perform from points.ledger_month m
    where m.month = p_month
        and m.entries = (
            select count(*) from points.entry_archive e
            where e.recorded_at >= points.month_start(p_month) and e.recorded_at < points.month_start(p_month, 1))
        and m.lot_uses = (
            select count(*) from points.lot_use_archive u
            where u.recorded_at >= points.month_start(p_month) and u.recorded_at < points.month_start(p_month, 1));
    if not found then
        raise exception using
            errcode = 'LP904',
            message = format('the rows of the archived month %s are not all there', to_char(p_month, 'YYYY-MM')),
            hint = 'Load them from its files: jifen archive load.';
    end if;
end
$$;

comment on function points.month_complete(date) is
    'Raises LP904 unless an archived month has as many rows as when it was archived.';
