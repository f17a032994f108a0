create or replace function points.check_redemptions(p_of_bucket smallint, p_ids bigint[], p_since timestamptz) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        with made as (
            select r.*
            from unnest(p_ids) i(id)
            join points.redemption r on r.bucket = p_of_bucket and r.account_id = i.id and greatest(r.redeemed_at, r.closed_at) >= p_since
        )
        select 'redemptions_are_operations', q.account_id, '', jsonb_build_object('redemptions', jsonb_agg(jsonb_build_object(
            'id', q.id, 'price', q.price, 'paid', q.paid, 'given_back', q.reversed, 'status', q.status)))
        from (
            select coalesce(r.account_id, o.account_id) as account_id, coalesce(r.id, o.id) as id, r.price, o.points as paid, v.reversed, r.status, r.reward, o.reward as paid_for
            from made r
            full join (
                select o.* from unnest(p_ids) i(id)
                join points.operation o on o.bucket = p_of_bucket and o.account_id = i.id and o.kind = 'redeem' and o.refusal is null and o.recorded_at >= p_since
                union all
                select o.* from made m
                join points.operation o on o.bucket = p_of_bucket and o.account_id = m.account_id and o.id = m.id and o.kind = 'redeem' and o.refusal is null
                where m.redeemed_at < p_since
            ) o on o.account_id = r.account_id and o.id = r.id
            left join points.reversal v on v.bucket = p_of_bucket and v.account_id = r.account_id and v.operation_id = r.id
        ) q
        where q.price is distinct from q.paid or q.reward is distinct from q.paid_for
            or q.status = 'cancelled' and q.reversed is distinct from q.price
            or q.status = 'reserved' and q.reversed is not distinct from q.price
        group by q.account_id
        union all
        select 'quotas_equal_redemptions', q.account_id, q.reward, jsonb_build_object('starts_at', min(q.starts_at), 'used', min(q.used), 'redemptions', min(q.count))
        from (
            select u.account_id, u.reward, u.starts_at, u.used, (
                select count(*) from points.redemption r
                where r.bucket = p_of_bucket and r.account_id = u.account_id and r.reward = u.reward and r.status <> 'cancelled'
                    and r.quota_period = u.period and r.quota_starts_at = u.starts_at) as count
            from unnest(p_ids) i(id)
            join points.quota_use u on u.bucket = p_of_bucket and u.account_id = i.id
            where p_since = '-infinity' or exists (select from made m where m.account_id = u.account_id and m.reward = u.reward)
        ) q
        where q.used <> q.count
        group by q.account_id, q.reward
        union all
        select 'coupons_equal_redemptions', coalesce(c.account_id, r.account_id), coalesce(c.reward, r.reward), jsonb_build_object(
            'code_of', min(c.redemption_id::text), 'redemption', min(r.id::text))
        from (
            select c.* from unnest(p_ids) i(id) join points.coupon c on c.redemption_bucket = p_of_bucket and c.account_id = i.id
            where p_since = '-infinity' or exists (select from made m where m.account_id = c.account_id and m.id = c.redemption_id)
        ) c
        full join (select r.* from made r where r.coupon is not null) r on r.account_id = c.account_id and r.id = c.redemption_id
        where (c.reward, c.code) is distinct from (r.reward, r.coupon)
        group by coalesce(c.account_id, r.account_id), coalesce(c.reward, r.reward);
end
$$;

comment on function points.check_redemptions(smallint, bigint[], timestamptz) is
    'Redemptions of accounts, against the operations that paid for them, their quotas and their codes: redemptions_are_operations, quotas_equal_redemptions, coupons_equal_redemptions. p_since: only those that were made or closed since then.';
