create or replace function points.post_shares(p_bucket smallint, p_drafts points.draft[], p_shares points.share[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_budgeted boolean;
    v_capped boolean;
begin
    insert into points.limit_use (bucket, account_id, code, starts_at, times, points, max_times, max_points)
    select b.bucket, d.account_id, k.code, s.starts_at, count(*), sum(d.moved), k.max_times, k.max_points
    from points.lane b
    -- Hangs on the lane, or the planner would read that for each row.
    cross join lateral unnest(case when b.bucket is not null then p_drafts end, p_shares) d
    join (
        select q.* from points.limits_at(p_now) q
        -- Keeps the planner from finding the period anew for each award.
        offset 0
    ) k on d.lot_source = any (k.rules)
    cross join lateral (
        select case when d.happened_at = k.at then k.starts_at else points.period_start(k.period, d.happened_at, k.time_zone) end as starts_at
    ) s
    where b.bucket = p_bucket and d.seq is not null and d.allowed is not null
    group by b.bucket, d.account_id, k.code, s.starts_at, k.max_times, k.max_points
    on conflict (bucket, account_id, code, starts_at) do update
    set times = limit_use.times + excluded.times, points = limit_use.points + excluded.points,
        max_times = excluded.max_times, max_points = excluded.max_points;

    select bool_or(d.budgeted), bool_or(d.capped) into v_budgeted, v_capped
    from unnest(p_drafts, p_shares) d
    where d.seq is not null;
    if v_capped then
        -- One award of an account at most: see points.may_bind.
        insert into points.campaign_use (bucket, account_id, campaign, points, cap)
        select b.bucket, d.account_id, k.code, u.bonus, k.member_cap
        from unnest(p_drafts, p_shares) d
        join points.lane b on b.bucket = p_bucket
        cross join lateral unnest(d.campaigns, d.bonuses) as u(code, bonus)
        join points.campaign k on k.code = u.code and k.member_cap is not null
        where d.seq is not null and u.bonus > 0
        on conflict (bucket, account_id, campaign) do update
        set points = campaign_use.points + excluded.points, cap = excluded.cap;
    end if;
    if v_budgeted then
        update points.stock_slice s
        set remaining = s.remaining - q.points
        from (
            select u.code, sum(u.bonus) as points
            from unnest(p_drafts, p_shares) d
            cross join lateral unnest(d.campaigns, d.bonuses) as u(code, bonus)
            where d.seq is not null and u.bonus > 0
            group by u.code
        ) q
        where s.bucket = p_bucket and s.item = q.code and s.prize = -1;
    end if;
end
$$;

comment on function points.post_shares(smallint, points.draft[], points.share[], timestamptz) is
    'Counts the awards of a round that were booked: limits used, caps of members, budgets of campaigns.';
