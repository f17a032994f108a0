create or replace function points.refuse_merged(p_bucket smallint, p_requests api.request[], p_drafts points.draft[]) returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version,
            case when m.refused then 'ACCOUNT_MERGED' else d.refusal end,
            case when m.refused then jsonb_build_object('ask', coalesce(s.user_id, points.user_id_of(a.into_bucket, a.into_id))) else d.refusal_detail end,
            d.replayed and not m.refused, case when not m.refused then d.round end,
            d.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, null, d.pending_delta, d.available_delta, d.held_delta,
            d.debt_delta, null, null, null, null, null, d.level_due, null, d.undoes, d.lot_idle
        )::points.draft
        from unnest(p_requests, p_drafts) d
        left join points.account a on a.bucket = p_bucket and a.id = d.account_id
        left join lateral (
            select true as found, s.user_id
            from points.account s
            where s.into_bucket = a.bucket and s.into_id = a.id and exists (
                select from points.operation o
                where o.bucket = s.bucket and o.account_id = s.id and o.id in (d.operation_id, d.original)
                union all
                select from points.order_operations(s.bucket, s.id, d.order_key)
                where d.kind = 'return')
            order by s.id
            limit 1
        ) s on true
        cross join lateral (
            select (d.round = 1 or d.replayed and d.refusal is null) and coalesce(case
                when a.into_id is not null
                    then d.round = 1 and d.kind not in (
                        'capture', 'release', 'reverse', 'return', 'fulfil', 'cancel', 'freeze', 'unfreeze', 'approve', 'reject')
                        and not (d.kind = 'transfer' and d.original is not null)
                else s.found and not exists (
                    select from points.operation o
                    where o.bucket = p_bucket and o.account_id = d.account_id and o.id in (d.operation_id, d.original)
                    union all
                    select from points.order_operations(p_bucket, d.account_id, d.order_key)
                    where d.kind = 'return')
            end, false) as refused
            offset 0
        ) m
        order by d.ord
    );
end
$$;

comment on function points.refuse_merged(smallint, api.request[], points.draft[]) is
    'ACCOUNT_MERGED: refuses what a merged account can do no more, which is all but to undo and to end what it did before; and, on the account that it was merged into, its keys, its operations and its orders, so that nothing is done twice. Not stored: once unmerged, it is right. detail.ask: the member to ask for it; null: erased.';
