create or replace function points.move_stock(p_bucket smallint, p_account_ids bigint[], p_ids uuid[], p_pieces int) returns void
language plpgsql volatile as $$
begin
    update points.stock_slice s
    set remaining = s.remaining + q.pieces
    from (
        select r.reward, k.prize, count(*) * p_pieces as pieces
        from unnest(p_account_ids, p_ids) as d(account_id, id)
        cross join lateral (
            select * from points.redemption r
            where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.id
            limit 1
        ) r
        cross join lateral (values (0::smallint), (r.prize)) as k(prize)
        where p_pieces < 0 or r.coupon is null
        group by r.reward, k.prize
    ) q
    where s.bucket = p_bucket and s.item = q.reward and s.prize = q.prize;
end
$$;

comment on function points.move_stock(smallint, bigint[], uuid[], int) is
    'Takes from the bucket''s slices (p_pieces -1), or gives back (1), what these redemptions are: a piece of the reward, and of the prize. What has no stock has no slice. A code that somebody has seen does not come back.';
