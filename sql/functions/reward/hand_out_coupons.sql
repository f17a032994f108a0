create or replace function points.hand_out_coupons(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_account_ids bigint[];
    v_ids uuid[];
    v_rewards text[];
    v_nos bigint[];
    v_places bigint[];
begin
    select array_agg(q.account_id), array_agg(q.id), array_agg(q.reward), array_agg(q.place)
    into v_account_ids, v_ids, v_rewards, v_places
    from (
        select r.account_id, r.id, r.reward, row_number() over (partition by r.reward order by d.ord) as place
        from unnest(p_drafts) d
        cross join lateral (
            select * from points.redemption r
            where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.operation_id
            limit 1
        ) r
        cross join lateral (
            select w.code from points.reward w where w.code = r.reward and w.kind = 'coupon' limit 1
        ) w
    ) q;
    if v_ids is null then
        return;
    end if;

    -- Others lock exactly as many codes as they took pieces of the stock, so enough are left unlocked.
    select array_agg(c.no order by n.ord) into v_nos
    from unnest(v_rewards, v_places) with ordinality as n(reward, place, ord)
    left join (
        select q.reward, c.no, row_number() over (partition by q.reward order by c.no) as place
        from (select a.reward, count(*) as pieces from unnest(v_rewards) as a(reward) group by a.reward) q
        cross join lateral (
            select c.no from points.coupon c
            where c.reward = q.reward and c.redemption_id is null
            order by c.no
            limit q.pieces
            for update skip locked
        ) c
    ) c on c.reward = n.reward and c.place = n.place;
    if array_position(v_nos, null) is not null then
        raise exception using errcode = 'LP901', message = 'a pool of coupons has fewer codes than its stock has pieces';
    end if;

    update points.coupon c
    set redemption_bucket = p_bucket, account_id = q.account_id, redemption_id = q.id, handed_out_at = p_now
    from unnest(v_rewards, v_nos, v_account_ids, v_ids) as q(reward, no, account_id, id)
    where c.reward = q.reward and c.no = q.no;

    update points.redemption r
    set coupon = c.code
    from unnest(v_rewards, v_nos, v_account_ids, v_ids) as q(reward, no, account_id, id)
    cross join lateral (
        select c.code from points.coupon c where c.reward = q.reward and c.no = q.no limit 1
    ) c
    where r.bucket = p_bucket and r.account_id = q.account_id and r.id = q.id;
end
$$;

comment on function points.hand_out_coupons(smallint, points.draft[], timestamptz) is
    'Gives each redemption of a coupon a code of the pool, in the order of uploading but for those that others are taking. Raises LP901 if the pool and its stock disagree, which no operation can bring about.';
