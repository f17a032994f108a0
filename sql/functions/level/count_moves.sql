create or replace function points.count_moves(p_bucket smallint, p_wallet text, p_now timestamptz)
returns table (previous text, level text, members bigint)
language plpgsql stable as $$
declare
    v_ids bigint[];
begin
    if (select t.measure = 'ever' and t.level_wallet is null from points.level_terms t where t.wallet = p_wallet) then
        return query
            select m.previous, t.codes[m.rank], sum(m.members)::bigint
            from points.level_terms t
            cross join lateral (
                select b.level as previous, width_bucket(b.earned + coalesce(b.inherited, 0), t.thresholds) as rank, count(*) as members
                from points.account a
                join points.balance b on b.bucket = p_bucket and b.account_id = a.id
                where a.bucket = p_bucket and a.wallet = p_wallet and not b.closed and not b.merged
                group by 1, 2
            ) m
            where t.wallet = p_wallet
            group by m.previous, t.codes[m.rank];
        return;
    end if;
    -- Weighing one by one is ten times as slow.
    if not exists (
        select from points.wallet w
        where w.code = p_wallet and w.level_wallet is not null
        union all
        select from points.account a
        join points.balance b on b.bucket = p_bucket and b.account_id = a.id
        where a.bucket = p_bucket and a.wallet = p_wallet and b.level_until > 0
    ) then
        return query select * from points.count_period_moves(p_bucket, p_wallet, p_now);
        return;
    end if;
    v_ids := array(
        select a.id
        from points.account a
        join points.balance b on b.bucket = p_bucket and b.account_id = a.id
        where a.bucket = p_bucket and a.wallet = p_wallet and not b.closed and not b.merged
    );
    return query
        select b.level, q.level, count(*)
        from points.weigh_levels(p_bucket, v_ids, array_fill(p_now, array[cardinality(v_ids)])) q
        join points.balance b on b.bucket = p_bucket and b.account_id = q.account_id
        group by b.level, q.level;
end
$$;

comment on function points.count_moves(smallint, text, timestamptz) is
    'How many accounts of a bucket in a wallet would move from the level booked to another, or stay, by the levels of now.';
