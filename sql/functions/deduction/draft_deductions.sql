create or replace function points.draft_deductions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select case
            when v.most - v.used < -d.moved or -d.moved < v.least then row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, 'LIMIT_REACHED',
                jsonb_build_object('limit', 'points for an order', 'minimum', v.least, 'maximum', greatest(v.most - v.used, 0)),
                d.replayed, d.round, 0, d.happened_at,
                d.lot_source, d.lot_available_at, d.lot_expires_at, null, 0, 0, 0, 0, null, null, null, null, null, null, null, null, d.lot_idle
            )::points.draft
            else d
        end
        from unnest(p_drafts) d
        left join lateral (
            select points.deductible(c, (p_requests[d.ord]).amount, null) as most, c.min_points as least, (
                select coalesce(sum(points.reversible(
                    p_bucket, d.account_id, case when o.kind = 'hold' then h.closed_by else o.id end,
                    case when o.kind <> 'hold' then o.points::bigint else coalesce(h.captured, h.points) end)), 0)::bigint
                from points.operation o
                left join points.hold h on o.kind = 'hold' and h.bucket = p_bucket and h.account_id = d.account_id and h.id = o.id
                where o.bucket = p_bucket and o.account_id = d.account_id and o.order_key = (p_requests[d.ord]).order_key
                    and o.refusal is null and o.kind in ('spend', 'hold')
            ) as used
            from points.deduction c
            where d.round is not null and d.entry_kind = 'hold' and (p_requests[d.ord]).amount is not null
                and c.wallet = coalesce((p_requests[d.ord]).wallet, 'points')
            limit 1
        ) v on true
        order by d.ord
    );
end
$$;

comment on function points.draft_deductions(smallint, api.request[], points.draft[]) is
    'Checks holds for an order of a known amount against the settings of points.deduction, together with what points pay for the order already. LIMIT_REACHED.';
