create or replace function points.check_months() returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'archive_is_whole', null::bigint, to_char(m.month, 'YYYY-MM'), jsonb_build_object(
            'entries', m.entries, 'found', e.count, 'lot_uses', m.lot_uses, 'uses_found', u.count)
        from points.ledger_month m
        cross join lateral (
            select count(*) from points.entry_archive e
            where e.recorded_at >= points.month_start(m.month) and e.recorded_at < points.month_start(m.month, 1)
        ) e
        cross join lateral (
            select count(*) from points.lot_use_archive u
            where u.recorded_at >= points.month_start(m.month) and u.recorded_at < points.month_start(m.month, 1)
        ) u
        where m.archived_at is not null and (m.entries <> e.count or m.lot_uses <> u.count)
        union all
        select 'archive_is_whole', null::bigint, 'order', jsonb_build_object('archived_to', q.archived, 'live_from', e.recorded_at)
        from (
            select points.month_start(max(m.month), 1) as archived from points.ledger_month m where m.archived_at is not null
        ) q
        cross join lateral (
            select e.recorded_at from points.entry e where e.recorded_at < q.archived limit 1
        ) e;
end
$$;

comment on function points.check_months() is
    'Archived months, against what they had when they were archived: archive_is_whole.';
