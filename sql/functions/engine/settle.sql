create or replace function points.settle(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_levels bigint[];
    v_due bigint[];
    v_until timestamptz;
begin
    v_levels := array(
        select b.account_id
        from points.balance b
        cross join points.program p
        where b.bucket = p_bucket and b.account_id = any (p_account_ids) and not b.closed
            and (b.level_revision <> p.level_revision or b.level_ends_at > '-infinity' and b.level_ends_at <= p_now)
    );
    if v_levels <> '{}' then
        perform points.decide_levels(p_bucket, v_levels, p_now);
    end if;
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
    'Books what has become available or expired on these locked accounts by p_now, and releases holds that have ended: an entry, with an operation of Jifen''s own, for each instant and hold; and decides levels that have ended or were changed. After it what is booked is true, however late it is.';
