create or replace function points.check_history(p_of_bucket smallint, p_ids bigint[]) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        with facts as (
            select i.id, row(b.earned, b.spent, b.expired, b.adjusted, b.transferred)::text as counters,
                row(coalesce(e.earned, 0), coalesce(e.spent, 0), coalesce(e.expired, 0), coalesce(e.adjusted, 0), coalesce(e.transferred, 0))::text as sums,
                row(c.seq, c.pending, c.available, c.held, c.debt)::text as checkpoint,
                row(e.seq, e.pending, e.available, e.held, e.debt)::text as archive,
                row(e.seq, l.pending_after, l.available_after, l.held_after, l.debt_after)::text as last_archived,
                coalesce(c.seq, 0) as at_seq, coalesce(e.entries, 0) as entries, coalesce(e.seq, 0) as seq
            from unnest(p_ids) i(id)
            left join points.balance b on b.bucket = p_of_bucket and b.account_id = i.id
            left join points.checkpoint c on c.bucket = p_of_bucket and c.account_id = i.id
            left join (
                select e.account_id,
                    coalesce(sum(e.net) filter (where e.contra = 'issuance'), 0) as earned, coalesce(-sum(e.net) filter (where e.contra = 'redemption'), 0) as spent,
                    coalesce(-sum(e.net) filter (where e.contra = 'expiry'), 0) as expired,
                    coalesce(sum(e.net) filter (where e.contra in ('adjustment', 'write_off')), 0) as adjusted,
                    coalesce(sum(e.net) filter (where e.contra = 'transfer'), 0) as transferred,
                    count(*) filter (where e.archived) as entries, max(e.seq) filter (where e.archived) as seq,
                    sum(e.pending_delta) filter (where e.archived) as pending, sum(e.available_delta) filter (where e.archived) as available,
                    sum(e.held_delta) filter (where e.archived) as held, sum(e.debt_delta) filter (where e.archived) as debt
                from (
                    select h.*, points.contra_of(h.kind) as contra, h.pending_delta + h.available_delta + h.held_delta - h.debt_delta as net
                    from unnest(p_ids) i(id)
                    cross join lateral (
                        select e.*, false as archived from points.entry e where e.bucket = p_of_bucket and e.account_id = i.id
                        union all
                        select a.*, true from points.entry_archive a where a.bucket = p_of_bucket and a.account_id = i.id
                    ) h
                ) e
                group by e.account_id
            ) e on e.account_id = i.id
            left join points.entry_archive l on l.bucket = p_of_bucket and l.account_id = i.id and l.seq = e.seq
        )
        select k.name, f.id, '', k.evidence
        from facts f
        cross join lateral (values
            ('counters_equal_entries', f.counters <> f.sums, jsonb_build_object('balance', f.counters, 'entries', f.sums)),
            ('checkpoints_equal_archive', f.checkpoint <> f.archive or f.archive <> f.last_archived or f.at_seq <> f.seq or f.entries <> f.seq,
                jsonb_build_object('checkpoint', f.checkpoint, 'archive', f.archive, 'last_entry', f.last_archived, 'entries', f.entries))
        ) as k(name, broken, evidence)
        where k.broken
        union all
        select 'archive_chained', q.account_id, '', jsonb_build_object('seqs', jsonb_agg(q.seq))
        from (
            select a.account_id, a.seq,
                a.seq <> coalesce(lag(a.seq) over w, 0) + 1
                or row(a.pending_after - a.pending_delta, a.available_after - a.available_delta, a.held_after - a.held_delta, a.debt_after - a.debt_delta)
                    <> row(coalesce(lag(a.pending_after) over w, 0), coalesce(lag(a.available_after) over w, 0), coalesce(lag(a.held_after) over w, 0), coalesce(lag(a.debt_after) over w, 0)) as broken
            from unnest(p_ids) i(id)
            join points.entry_archive a on a.bucket = p_of_bucket and a.account_id = i.id
            window w as (partition by a.account_id order by a.seq, a.recorded_at)
        ) q
        where q.broken
        group by q.account_id;
end
$$;

comment on function points.check_history(smallint, bigint[]) is
    'All entries of accounts, archived or not, against their counters, and what is archived against their checkpoints: counters_equal_entries (earned, spent, expired, adjusted, transferred), checkpoints_equal_archive, archive_chained.';
