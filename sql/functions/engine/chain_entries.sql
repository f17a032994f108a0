create or replace function points.chain_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select case when q.seq is null then q.draft else row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version, q.refusal, q.refusal_detail, q.replayed, q.round, q.moved,
            q.happened_at, q.lot_source, q.lot_available_at, q.lot_expires_at,
            q.seq + coalesce(sum(1 + (q.lapsed > 0)::int) over w, 0),
            q.pending_delta, q.available_delta, q.held_delta, q.debt_delta,
            q.pending_after + coalesce(sum(q.pending_delta) over w, 0),
            q.available_after + coalesce(sum(q.available_delta - q.lapsed) over w, 0),
            q.held_after + coalesce(sum(q.held_delta) over w, 0),
            q.debt_after,
            q.earned_after + coalesce(sum(q.earned) over w, 0),
            (q.earned < 0 or q.earned_after + coalesce(sum(q.earned) over w, 0) >= q.level_until) is true,
            q.undo, q.undoes, q.lot_idle
        )::points.draft end
        from (
            select d as draft, d.*, b.level_until,
                case when d.entry_kind in ('earn', 'clawback') then d.pending_delta + d.available_delta + d.held_delta - d.debt_delta end as earned,
                case when d.moved > 0 and d.undo is null and d.lot_expires_at <= p_now then d.moved else 0 end as lapsed
            from unnest(p_drafts) d
            left join lateral (
                select b.level_until from points.balance b
                where b.bucket = p_bucket and b.account_id = d.account_id and d.seq is not null
                limit 1
            ) b on true
            -- Keeps the planner from copying both into every sum.
            offset 0
        ) q
        window w as (partition by q.account_id, q.seq is null order by q.ord rows between unbounded preceding and 1 preceding)
        order by q.ord
    );
end
$$;

comment on function points.chain_entries(smallint, points.draft[], timestamptz) is
    'Adds to each entry that points.admit has computed what goes before it on its account in the round.';
