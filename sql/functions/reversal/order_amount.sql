create or replace function points.order_amount(p_bucket smallint, p_account_id bigint, p_order_key text) returns numeric
language plpgsql stable as $$
begin
    return (
        select coalesce(max(o.amount) filter (where o.refunds), max(o.amount))
        from points.order_operations(p_bucket, p_account_id, p_order_key) o
    );
end
$$;

comment on function points.order_amount(smallint, bigint, text) is
    'What an order amounts to: as said with the points that were spent on it, or else the basis of what was earned. Null: nothing has told yet.';
