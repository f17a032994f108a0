create or replace function points.screen(p_drafts points.draft[], p_risks points.risk[]) returns points.draft[]
language plpgsql immutable parallel safe as $$
begin
    return array(
        select row(
            d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version,
            case when d.decision = 'deny' then 'AWARD_DENIED' else d.refusal end,
            case when d.detail is null then d.refusal_detail else coalesce(d.refusal_detail, '{}') || d.detail end,
            d.replayed, d.round, case when d.decision = 'deny' then 0 else d.moved end, d.happened_at, d.lot_source,
            case when d.decision = 'review' then d.deadline else d.lot_available_at end,
            case when d.decision = 'review' then d.deadline else d.lot_expires_at end, null,
            case when d.decision = 'review' then d.moved else d.pending_delta end,
            case when d.decision = 'review' then 0 else d.available_delta end,
            d.held_delta, d.debt_delta, null, null, null, null, null, null, d.undo, d.undoes, d.lot_idle
        )::points.draft
        from unnest(p_drafts, p_risks) d
        order by d.ord
    );
end
$$;

comment on function points.screen(points.draft[], points.risk[]) is
    'Makes the awards of a round what risk rules decide: refused with AWARD_DENIED, or pending until somebody approves them.';
