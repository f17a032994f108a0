create or replace function points.note_returns(p_bucket smallint, p_requests api.request[], p_drafts points.draft[]) returns void
language plpgsql volatile as $$
begin
    insert into points.order_return (bucket, account_id, order_key, amount, whole)
    select b.bucket, d.account_id, d.order_key, coalesce(d.amount, 0), d.amount is null
    from (select (p_requests[d.ord]).order_key, (p_requests[d.ord]).amount, d.account_id
        from unnest(p_drafts) d
        where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'return') d
    join points.lane b on b.bucket = p_bucket
    on conflict (bucket, account_id, order_key) do update
    set amount = order_return.amount + excluded.amount, whole = order_return.whole or excluded.whole;

    update points.balance b
    set has_returns = true
    from unnest(p_drafts) d
    where b.bucket = p_bucket and b.account_id = d.account_id and d.round is not null and d.refusal is null
        and (p_requests[d.ord]).kind = 'return' and not b.has_returns;
end
$$;

comment on function points.note_returns(smallint, api.request[], points.draft[]) is
    'Adds each return to what has been returned of its order.';
