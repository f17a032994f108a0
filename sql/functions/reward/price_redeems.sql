create or replace function points.price_redeems(p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version,
            coalesce(q.refusal, q.verdict), coalesce(q.refusal_detail, points.offer_detail(q.verdict, q.reward, q.offer)),
            q.replayed, case when q.verdict is null then q.round end,
            case when q.redeems then -(q.offer).price else q.moved end,
            q.happened_at, q.lot_source, q.lot_available_at, q.lot_expires_at, null, q.pending_delta,
            case when q.redeems then -(q.offer).price else q.available_delta end,
            q.held_delta, q.debt_delta, null, null, null, null, null, q.level_due, null, q.undoes, q.lot_idle
        )::points.draft
        from (
            select r.*, k.redeems, w.offer,
                case when k.redeems then points.offer_refusal(w.offer, coalesce(r.wallet, 'points'), r.points, p_now) end as verdict
            from unnest(p_requests, p_drafts) r
            cross join lateral (select r.kind = 'redeem' and r.round is not null as redeems) k
            left join lateral (select w as offer from points.reward w where k.redeems and w.code = r.reward limit 1) w on true
            offset 0
        ) q
        order by q.ord
    );
end
$$;

comment on function points.price_redeems(api.request[], points.draft[], timestamptz) is
    'Prices the redemptions of a batch as their rewards are now, since the terms may have changed while it waited for its locks.';
