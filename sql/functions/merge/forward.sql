create or replace function points.forward(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_accounts points.account[];
    v_asked api.request;
begin
    v_accounts := array(
        select a
        from points.account a
        join points.balance b on b.bucket = a.bucket and b.account_id = a.id
        where a.bucket = p_bucket and a.id = any (p_account_ids) and b.merged and greatest(b.pending, b.available, b.debt) > 0
        order by a.id
    );
    for v_number in 1 .. cardinality(v_accounts) loop
        perform points.settle(v_accounts[v_number].into_bucket, array[v_accounts[v_number].into_id], p_now);
        v_asked.kind := 'forward';
        v_asked.client_id := 0;
        v_asked.idempotency_key := 'forward:' || (
            select b.version + 1 from points.balance b where b.bucket = p_bucket and b.account_id = v_accounts[v_number].id);
        perform points.move_all(
            p_bucket, v_accounts[v_number].id, v_accounts[v_number].into_bucket, v_accounts[v_number].into_id, v_asked, p_now);
        -- The caller knows the account that it asked for, and not this one.
        perform points.announce(v_accounts[v_number].into_bucket, v_accounts[v_number].into_id::text);
    end loop;
end
$$;

comment on function points.forward(smallint, bigint[], timestamptz) is
    'Lets whatever merged accounts got, a refund or a debt, go on to the accounts that they were merged into, which are locked.';
