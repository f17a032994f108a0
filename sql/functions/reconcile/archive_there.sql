create or replace function points.archive_there() returns boolean
language plpgsql stable as $$
begin
    return not exists (
        select from points.ledger_month m
        where m.archived_at is not null and (
            m.entries > 0 and not exists (
                select from points.entry_archive e
                where e.recorded_at >= points.month_start(m.month) and e.recorded_at < points.month_start(m.month, 1))
            or m.lot_uses > 0 and not exists (
                select from points.lot_use_archive u
                where u.recorded_at >= points.month_start(m.month) and u.recorded_at < points.month_start(m.month, 1)))
    );
end
$$;

comment on function points.archive_there() is
    'Whether each archived month that had rows has some: not so after restoring a backup without them.';
