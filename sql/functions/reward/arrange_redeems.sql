create or replace function points.arrange_redeems(p_bucket smallint, p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version, q.refusal, q.refusal_detail, q.replayed,
            case when q.live then count(*) filter (where q.starts_round) over (partition by q.live order by q.ord) end,
            q.moved, q.happened_at, q.lot_source, q.lot_available_at, q.lot_expires_at,
            null, q.pending_delta, q.available_delta, q.held_delta, q.debt_delta, null, null, null, null, null, null, null, q.undoes, q.lot_idle
        )::points.draft
        from (
            select d.*,
                row_number() over (partition by d.live, d.account_id order by d.ord) > 1
                    or d.careful or lag(d.careful) over w or d.gives_back is distinct from lag(d.gives_back) over w as starts_round
            from (
                select d.*, d.round is not null as live, coalesce(b.debt > 0 or b.has_returns, false) as careful,
                    d.entry_kind is null or d.undoes is not null as gives_back
                from unnest(p_drafts) d
                left join lateral (
                    select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
                ) b on true
            ) d
            window w as (partition by d.live order by d.ord)
        ) q
        order by q.ord
    );
end
$$;

comment on function points.arrange_redeems(smallint, points.draft[]) is
    'As points.arrange, for a batch with redemptions, or with awards that may bind each other: accounts share stock and budgets, so the rounds are stretches of the batch, and what may give stock back is not in one round with what takes it.';
