create or replace function points.decide_levels(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_turned bigint[];
    v_ids bigint[];
    v_ats timestamptz[];
begin
    v_turned := array(
        select b.account_id
        from points.balance b
        join points.account a on a.bucket = b.bucket and a.id = b.account_id
        join points.wallet w on w.code = a.wallet
        where b.bucket = p_bucket and b.account_id = any (p_account_ids) and (b.level_until = 0) <> (w.level_measure <> 'ever')
    );
    if v_turned <> '{}' then
        perform points.keep_days(p_bucket, v_turned);
    end if;
    loop
        select array_agg(b.account_id), array_agg(case when b.level_revision = p.level_revision then b.level_ends_at else p_now end)
        into v_ids, v_ats
        from points.balance b
        cross join points.program p
        where b.bucket = p_bucket and b.account_id = any (p_account_ids)
            and (b.level_revision <> p.level_revision or b.level_ends_at > '-infinity' and b.level_ends_at <= p_now);
        exit when v_ids is null;
        perform points.book_levels(p_bucket, array(select q from points.weigh_levels(p_bucket, v_ids, v_ats) q), null, p_now);
    end loop;
end
$$;

comment on function points.decide_levels(smallint, bigint[], timestamptz) is
    'Decides the level of these locked accounts anew, where levels were changed or it has ended by p_now: each end by itself, as of the instant at which it was, however late.';
