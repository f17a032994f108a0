create or replace function points.govern(p_drafts points.draft[], p_shares points.share[]) returns points.draft[]
language plpgsql immutable parallel safe as $$
begin
    return array(
        select row(
            d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version,
            case when d.refused then 'LIMIT_REACHED' else d.refusal end,
            case when d.detail is null then d.refusal_detail when d.refusal_detail is null then d.detail else d.refusal_detail || d.detail end,
            d.replayed, d.round, case when d.refused then 0 else coalesce(d.allowed, d.moved) end,
            d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, null,
            case when d.pending_delta > 0 then coalesce(d.allowed, d.pending_delta) else d.pending_delta end,
            case when d.pending_delta > 0 then d.available_delta else coalesce(d.allowed, d.available_delta) end,
            d.held_delta, d.debt_delta, null, null, null, null, null, null, d.undo, d.undoes, d.lot_idle
        )::points.draft
        from unnest(p_drafts, p_shares) d
        order by d.ord
    );
end
$$;

comment on function points.govern(points.draft[], points.share[]) is
    'Makes the awards of a round what limits and campaigns say. LIMIT_REACHED.';
