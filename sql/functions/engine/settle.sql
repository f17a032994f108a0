create or replace function points.settle(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_due bigint[];
    v_until timestamptz;
begin
    loop
        select array_agg(b.account_id), coalesce(min(b.next_change_at) filter (where b.debt > 0), p_now) into v_due, v_until
        from points.balance b
        where b.bucket = p_bucket and b.account_id = any (p_account_ids) and b.next_change_at <= p_now;
        exit when v_due is null;
        -- What comes in pays a debt at its instant, before anything of it can expire.
        perform points.settle_until(p_bucket, v_due, v_until, p_now);
        exit when v_until = p_now;
    end loop;
end
$$;

comment on function points.settle(smallint, bigint[], timestamptz) is
    'Books what has become available or expired on these locked accounts by p_now, and releases holds that have ended: an entry, with an operation of Jifen''s own, for each instant and hold. After it the booked pockets are the true ones, however late it is.';
