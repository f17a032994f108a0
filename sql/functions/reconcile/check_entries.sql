create or replace function points.check_entries(p_of_bucket smallint, p_ids bigint[]) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        with moved as (
            select e.account_id, e.seq, row(e.pending_after, e.available_after, e.held_after, e.debt_after)::text as after,
                row(e.pending_after - e.pending_delta, e.available_after - e.available_delta, e.held_after - e.held_delta, e.debt_after - e.debt_delta)::text as before,
                coalesce(lag(e.seq) over w, c.seq, 0) as last_seq,
                coalesce(lag(row(e.pending_after, e.available_after, e.held_after, e.debt_after)::text) over w,
                    row(coalesce(c.pending, 0), coalesce(c.available, 0), coalesce(c.held, 0), coalesce(c.debt, 0))::text) as last_after,
                e.pending_delta, e.available_delta, e.held_delta, e.debt_delta,
                lead(e.seq) over w is null as is_last
            from unnest(p_ids) i(id)
            join points.entry e on e.bucket = p_of_bucket and e.account_id = i.id
            left join points.checkpoint c on c.bucket = p_of_bucket and c.account_id = i.id
            window w as (partition by e.account_id order by e.seq, e.recorded_at)
        ), facts as (
            select i.id, b.version, c.seq as at_seq,
                row(b.pending, b.available, b.held, b.debt)::text as pockets,
                row(coalesce(c.pending, 0) + coalesce(m.pending, 0), coalesce(c.available, 0) + coalesce(m.available, 0),
                    coalesce(c.held, 0) + coalesce(m.held, 0), coalesce(c.debt, 0) + coalesce(m.debt, 0))::text as sums,
                coalesce(m.last, c.seq, 0) as last,
                coalesce(m.last_after, row(coalesce(c.pending, 0), coalesce(c.available, 0), coalesce(c.held, 0), coalesce(c.debt, 0))::text) as last_after,
                m.gaps, m.breaks, b.debt > 0 and b.available > 0 as has_both
            from unnest(p_ids) i(id)
            left join points.balance b on b.bucket = p_of_bucket and b.account_id = i.id
            left join points.checkpoint c on c.bucket = p_of_bucket and c.account_id = i.id
            left join (
                select m.account_id, sum(m.pending_delta) as pending, sum(m.available_delta) as available, sum(m.held_delta) as held, sum(m.debt_delta) as debt,
                    max(m.seq) as last, max(m.after) filter (where m.is_last) as last_after,
                    (jsonb_agg(jsonb_build_object('seq', m.seq, 'behind', m.last_seq) order by m.seq) filter (where m.seq <> m.last_seq + 1)) as gaps,
                    (jsonb_agg(jsonb_build_object('seq', m.seq, 'starts_from', m.before, 'should_from', m.last_after) order by m.seq)
                        filter (where m.before <> m.last_after)) as breaks
                from moved m
                group by m.account_id
            ) m on m.account_id = i.id
        )
        select k.name, f.id, '', k.evidence
        from facts f
        cross join lateral (values
            ('rows_have_accounts', f.version is null, jsonb_build_object('entries_to', f.last)),
            ('entries_gap_free', f.gaps is not null, jsonb_build_object('gaps', f.gaps)),
            ('entries_chained', f.breaks is not null, jsonb_build_object('breaks', f.breaks)),
            ('pockets_equal_entries', f.pockets <> f.sums, jsonb_build_object('balance', f.pockets, 'entries', f.sums)),
            ('balance_is_last_entry', f.version <> f.last or f.pockets <> f.last_after,
                jsonb_build_object('version', f.version, 'balance', f.pockets, 'last_seq', f.last, 'last_entry', f.last_after)),
            ('debt_leaves_nothing', f.has_both, jsonb_build_object('balance', f.pockets))
        ) as k(name, broken, evidence)
        where k.broken;
end
$$;

comment on function points.check_entries(smallint, bigint[]) is
    'Live entries of accounts, against their balances and checkpoints, one by one: rows_have_accounts, entries_gap_free, entries_chained, pockets_equal_entries, balance_is_last_entry, debt_leaves_nothing. Pockets are in the order pending, available, held, debt.';
