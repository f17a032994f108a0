create or replace function points.weigh_books(p_now timestamptz) returns setof points.alert_reading
language plpgsql stable as $$
begin
    return query
        select r.name, c.wallet, c.wallet, abs(c.expected - c.actual)::numeric,
            format('members have %s points of wallet %s by their balances and %s by what was booked', c.actual, c.wallet, c.expected)
        from points.alert_rule r
        join points.total_check c on r.wallet is null or c.wallet = r.wallet
        where r.kind = 'total_difference' and r.enabled
        union all
        select r.name, '', null, floor(extract(epoch from p_now - coalesce(s.last_full_at, r.changed_at))),
            format('everything was last proven at %s', coalesce(points.instant_text(s.last_full_at), 'no time'))
        from points.alert_rule r
        cross join points.reconciliation_state s
        where r.kind = 'reconciliation_overdue' and r.enabled
        union all
        select r.name, '', null, s.open_discrepancies::numeric, format('%s discrepancies are open', s.open_discrepancies)
        from points.alert_rule r
        cross join points.reconciliation_state s
        where r.kind = 'discrepancies' and r.enabled
        union all
        select r.name, '', null, (f.fault is not null)::int::numeric, coalesce(f.fault, 'nothing')
        from points.alert_rule r
        cross join lateral (select points.partition_fault(p_now) as fault) f
        where r.kind = 'partitions_missing' and r.enabled
        union all
        select r.name, b.code, null, round(100.0 * (b.budget - b.remaining) / b.budget, 1),
            format('campaign %s has %s points left of its budget of %s', b.code, b.remaining, b.budget)
        from points.alert_rule r
        cross join (
            select c.code, points.stock_left(c.code, -1::smallint) as remaining, (
                select coalesce(sum(coalesce(h.inputs ->> 'budget', h.inputs ->> 'points')::bigint), 0)
                from points.catalogue_change h
                where h.code = c.code and h.what in ('create_campaign', 'add_budget')
            ) as budget
            from points.campaign c
            where c.status = 'active' and c.starts_at <= p_now and c.ends_at > p_now
        ) b
        where r.kind = 'budget_used' and r.enabled and b.remaining is not null and b.budget > 0;
end
$$;

comment on function points.weigh_books(timestamptz) is
    'What rules measure of the books and of what is kept about them: total_difference, reconciliation_overdue, discrepancies, partitions_missing, budget_used (of running campaigns).';
