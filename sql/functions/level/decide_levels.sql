create or replace function points.decide_levels(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_ids bigint[];
    v_ats timestamptz[];
    v_weighed points.weighed_level[];
begin
    loop
        select array_agg(b.account_id), array_agg(case when b.level_revision = p.level_revision then b.level_ends_at else p_now end)
        into v_ids, v_ats
        from points.balance b
        cross join points.program p
        where b.bucket = p_bucket and b.account_id = any (p_account_ids)
            and (b.level_revision <> p.level_revision or b.level_ends_at > '-infinity' and b.level_ends_at <= p_now);
        exit when v_ids is null;
        v_weighed := array(select q from points.weigh_levels(p_bucket, v_ids, v_ats) q);
        -- By what was weighed, and not by the levels of now: those may be others already.
        v_ids := array(
            select b.account_id
            from unnest(v_weighed) q
            join points.balance b on b.bucket = p_bucket and b.account_id = q.account_id
            where q.until = 0 and b.level_until > 0
        );
        if v_ids <> '{}' then
            perform points.keep_days(p_bucket, v_ids);
        end if;
        perform points.book_levels(p_bucket, v_weighed, null, p_now);
    end loop;
end
$$;

comment on function points.decide_levels(smallint, bigint[], timestamptz) is
    'Decides the level of these locked accounts anew, where levels were changed or it has ended by p_now: each end by itself, as of the instant at which it was, however late.';
