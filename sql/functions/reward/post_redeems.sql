create or replace function points.post_redeems(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_chance uuid, p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select d from unnest(p_drafts) d where d.seq is not null and (p_requests[d.ord]).kind = 'redeem' order by d.ord
    );
    if v_drafts = '{}' then
        return;
    end if;
    insert into points.redemption (
        bucket, account_id, id, reward, price, status, redeemed_at, quota_period, quota_starts_at, seed, weights, drawn, prize)
    select q.bucket, q.account_id, q.operation_id, q.reward, -q.moved, 'reserved', p_now, q.quota_period, q.quota_starts_at,
        q.seed, q.weights, q.drawn,
        case
            when row_number() over (partition by q.reward, q.drawn order by q.ord) > q.remaining then q.consolation
            else q.drawn
        end
    from (
        select b.bucket, d.*, w.code as reward, w.quota_period,
            points.period_start(w.quota_period, p_now, (select p.time_zone from points.program p)) as quota_starts_at,
            x.seed, x.weights, x.drawn, x.consolation, s.remaining
        from unnest(v_drafts) d
        join points.lane b on b.bucket = p_bucket
        cross join lateral (
            select * from points.reward w where w.code = (p_requests[d.ord]).reward limit 1
        ) w
        left join lateral (
            select x.seed, x.weights, points.draw_prize(x.seed, x.weights) as drawn,
                (select p.no from points.prize p where p.reward = w.code and p.consolation) as consolation
            from (select points.draw_seed(p_chance, d.account_id, d.operation_id) as seed, points.prize_weights(w.code) as weights offset 0) x
            where w.kind = 'draw'
        ) x on true
        left join lateral (
            select s.remaining from points.stock_slice s
            where s.bucket = p_bucket and s.item = w.code and s.prize = x.drawn
            limit 1
        ) s on true
    ) q;

    perform points.hand_out_coupons(p_bucket, v_drafts, p_now);
    perform points.move_stock(
        p_bucket, array(select d.account_id from unnest(v_drafts) d), array(select d.operation_id from unnest(v_drafts) d), -1);

    insert into points.quota_use (bucket, account_id, reward, period, starts_at, used, quota)
    select r.bucket, r.account_id, r.reward, r.quota_period, r.quota_starts_at, 1, w.quota
    from unnest(v_drafts) d
    cross join lateral (
        select * from points.redemption r
        where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.operation_id
        limit 1
    ) r
    cross join lateral (
        select w.quota from points.reward w where w.code = r.reward and w.quota is not null limit 1
    ) w
    where r.quota_period is not null
    on conflict (bucket, account_id, reward, period, starts_at) do update
    set used = quota_use.used + 1, quota = excluded.quota;

    perform points.note_redemptions(p_bucket, array_agg(d.account_id order by d.ord), array_agg(d.operation_id order by d.ord), p_now)
    from unnest(v_drafts) d;
end
$$;

comment on function points.post_redeems(smallint, api.request[], points.draft[], uuid, timestamptz) is
    'Writes the redemptions of a round: what was drawn, which codes are handed out, stock and quotas used. A prize that has run out is replaced by the consolation prize.';
