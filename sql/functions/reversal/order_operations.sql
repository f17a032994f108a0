create or replace function points.order_operations(p_bucket smallint, p_account_id bigint, p_order_key text)
returns table (operation_id uuid, points bigint, refunds boolean, amount numeric)
language plpgsql stable as $$
begin
    return query
        select case when o.kind = 'hold' then h.closed_by else o.id end,
            case when o.kind = 'hold' then coalesce(h.captured, 0) else o.points::bigint end,
            o.kind <> 'earn', o.amount::numeric
        from (
            select * from points.operation o
            where o.bucket = p_bucket and o.account_id = p_account_id and o.order_key = p_order_key
            union all
            -- An earn by an amount that names no order is for the one that its key names.
            select * from points.operation o
            where o.bucket = p_bucket and o.account_id = p_account_id
                and o.id = any (array(select api.operation_id(c.id, p_order_key) from points.client c))
                and o.kind = 'earn' and o.amount is not null and o.order_key is null
        ) o
        left join points.hold h on o.kind = 'hold' and h.bucket = p_bucket and h.account_id = p_account_id and h.id = o.id
        where o.refusal is null and o.kind in ('earn', 'spend', 'redeem', 'hold');
end
$$;

comment on function points.order_operations(smallint, bigint, text) is
    'What was earned by an order and spent on it, with the amount that each named: for an earn its basis, for the others the order''s amount. A hold counts by what was captured of it.';
