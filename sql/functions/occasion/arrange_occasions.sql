create or replace function points.arrange_occasions(p_drafts points.draft[]) returns points.draft[]
language plpgsql immutable as $$
begin
    return array(
        select row(
            d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, d.refusal, d.refusal_detail, d.replayed,
            case when d.round is not null then row_number() over (partition by d.account_id, d.round is not null order by d.ord) end,
            d.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at,
            null, d.pending_delta, d.available_delta, d.held_delta, d.debt_delta, null, null, null, null, null, null, null, d.undoes, d.lot_idle
        )::points.draft
        from unnest(p_drafts) d
        order by d.ord
    );
end
$$;

comment on function points.arrange_occasions(points.draft[]) is
    'As points.arrange, for a batch with what can be done once in a while only: each must see what went before on its account, so a round has one operation of an account.';
