create or replace function points.archive_loaded() returns void
language plpgsql stable as $$
declare
    v_month date;
begin
    select m.month into v_month
    from points.ledger_month m
    where m.archived_at is not null and (
        m.entries > 0 and not exists (
            select from points.entry_archive e
            where e.recorded_at >= points.month_start(m.month) and e.recorded_at < points.month_start(m.month, 1))
        or m.lot_uses > 0 and not exists (
            select from points.lot_use_archive u
            where u.recorded_at >= points.month_start(m.month) and u.recorded_at < points.month_start(m.month, 1)))
    limit 1;
    if found then
        raise exception using
            errcode = 'LP904',
            message = format('the rows of the archived month %s are not there', to_char(v_month, 'YYYY-MM')),
            hint = 'Load them from its files: jifen archive load.';
    end if;
end
$$;

comment on function points.archive_loaded() is
    'Raises LP904 when an archived month is empty that was not, as after restoring a backup without its rows: a sum over it would be wrong.';
