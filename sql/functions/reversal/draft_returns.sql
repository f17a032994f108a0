create or replace function points.draft_returns(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select q.draft
        from (
            select d.ord, row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, v.refusal,
                case when v.refusal is not null then
                    jsonb_build_object('amount', t.amount, 'returned', case when t.whole then t.amount else t.returned end)
                end,
                d.replayed, d.round, 0, d.happened_at,
                null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
            )::points.draft as draft
            from unnest(p_drafts) d
            cross join lateral (
                select points.order_amount(p_bucket, d.account_id, (p_requests[d.ord]).order_key) as amount,
                    coalesce(sum(t.amount), 0) as returned, coalesce(bool_or(t.whole), false) as whole
                from points.order_return t
                where t.bucket = p_bucket and t.account_id = d.account_id and t.order_key = (p_requests[d.ord]).order_key
            ) t
            cross join lateral (
                select case
                    when (p_requests[d.ord]).amount is null then null
                    when t.whole or t.returned + (p_requests[d.ord]).amount > t.amount or t.amount is null and exists (
                        select from points.order_operations(p_bucket, d.account_id, (p_requests[d.ord]).order_key)
                    ) then 'RETURN_TOO_LARGE'
                end as refusal
            ) v
            where d.round is not null and (p_requests[d.ord]).kind = 'return'
            union all
            select d.ord, d from unnest(p_drafts) d where d.round is null or (p_requests[d.ord]).kind is distinct from 'return'
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_returns(smallint, api.request[], points.draft[]) is
    'Checks each return against its order, as far as that is known. RETURN_TOO_LARGE, also for a part of an order of which nothing tells the amount.';
