create or replace function points.draft_order_undos(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz
) returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            null, o.account_id, null, null, null, null, null, false,
            -- What comes back may pay for what is clawed back, so it goes first.
            row_number() over (partition by o.account_id order by o.refunds desc, o.operation_id),
            -o.due, p_now, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, o.operation_id, null
        )::points.draft
        from (
            select t.account_id, o.operation_id, o.refunds,
                case
                    when t.whole then o.points
                    when a.amount > 0 then div(o.points * least(t.amount, a.amount), a.amount)::bigint
                    else 0
                end - o.points + points.reversible(p_bucket, t.account_id, o.operation_id, o.points) as due
            from (
                select distinct d.account_id, coalesce(r.order_key, case when r.kind = 'earn' and r.amount is not null then r.idempotency_key end) as order_key
                from unnest(p_drafts) d
                cross join lateral (
                    select (p_requests[d.ord]).kind, (p_requests[d.ord]).amount, (p_requests[d.ord]).idempotency_key,
                        coalesce((p_requests[d.ord]).order_key, (
                            select o.order_key from points.operation o
                            where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes and d.entry_kind = 'capture'
                        )) as order_key
                ) r
                where d.round is not null and d.refusal is null
            ) d
            join points.order_return t on t.bucket = p_bucket and t.account_id = d.account_id and t.order_key = d.order_key
            cross join lateral (select points.order_amount(p_bucket, t.account_id, t.order_key) as amount) a
            cross join lateral points.order_operations(p_bucket, t.account_id, t.order_key) o
        ) o
        where o.due > 0
    );
end
$$;

comment on function points.draft_order_undos(smallint, api.request[], points.draft[], timestamptz) is
    'Drafts what is still to be undone of the orders that these operations are about: of each operation of an order floor(points * returned / amount of the order), less what was undone before. So it does not matter in how many parts, in which order and when an order is returned, not even whether before it came.';
