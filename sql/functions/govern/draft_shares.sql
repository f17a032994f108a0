create or replace function points.draft_shares(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns points.share[]
language plpgsql stable as $$
begin
    return array(
        with quota as materialized (
            select q.* from points.limits_at(p_now) q
        ), bonus as materialized (
            -- place: wallets sort before null, so the level's multiplier comes before the campaigns.
            select k.*, b.item is not null as budgeted, row_number() over (order by k.wallet, k.priority, k.code) as place
            from points.award_bonus k
            left join points.stock b on b.item = k.code and b.prize = -1
            where k.status = 'active'
        ), award as (
            -- What concerns an award. base null: nothing does. cut_room, refuse_room: points that limits leave; null: there is no such limit.
            -- codes, adds: the bonuses, in their order, and what each would add within the member's cap; null: none.
            select d.ord, d.account_id, b.base, b.rule, d.happened_at, u.exhausted, u.cut_room, u.refuse_room, k.codes, k.adds, k.by_code,
                k.budgeted, k.capped, least(b.base + coalesce(k.added, 0), 9007199254740992)::bigint as total
            from unnest(p_drafts) d
            cross join points.program p
            left join lateral (
                select d.moved as base, d.lot_source as rule
                where d.round is not null and d.refusal is null
                    and d.entry_kind = 'earn' and d.moved > 0 and d.lot_source = any (p.governed_rules)
            ) b on true
            cross join lateral (
                select coalesce(bool_or(coalesce(u.times, 0) >= k.max_times), false) as exhausted,
                    min(k.max_points - coalesce(u.points, 0)) filter (where k.excess = 'cut') as cut_room,
                    min(k.max_points - coalesce(u.points, 0)) filter (where k.excess = 'refuse') as refuse_room
                from quota k
                left join lateral (
                    select u.times, u.points from points.limit_use u
                    where u.bucket = p_bucket and u.account_id = d.account_id and u.code = k.code and u.starts_at = case
                        when d.happened_at = k.at then k.starts_at else points.period_start(k.period, d.happened_at, k.time_zone)
                    end
                    limit 1
                ) u on true
                where b.rule = any (k.rules)
            ) u
            cross join lateral (
                select array_agg(k.code) as codes, array_agg(k.adds) as adds, sum(k.adds) as added, jsonb_object_agg(k.code, k.adds) as by_code,
                    bool_or(k.budgeted) as budgeted, bool_or(k.member_cap is not null) as capped
                from (
                    select k.code, k.budgeted, k.member_cap, row_number() over w = 1 or not (k.exclusive or first_value(k.exclusive) over w) as may_add,
                        greatest(0, least(coalesce(k.bonus, floor(b.base * (k.multiplier - 1))), k.member_cap - coalesce(u.points, 0)))::bigint as adds
                    from bonus k
                    left join lateral (
                        select u.points from points.campaign_use u
                        where k.member_cap is not null and u.bucket = p_bucket and u.account_id = d.account_id and u.campaign = k.code
                        limit 1
                    ) u on true
                    where b.rule = any (k.rules) and k.starts_at <= d.happened_at and k.ends_at > d.happened_at
                        and (k.levels is null or (select l.level from points.balance l where l.bucket = p_bucket and l.account_id = d.account_id) = any (k.levels))
                        and (k.wallet is null or k.wallet = (select c.wallet from points.account c where c.bucket = p_bucket and c.id = d.account_id))
                    window w as (partition by k.wallet order by k.place)
                    -- By place, and as the window has sorted them.
                    order by k.wallet, k.place
                ) k
                where k.may_add and k.adds > 0
            ) k
        )
        select case when a.base is not null then row(
            a.total, a.codes, a.adds, a.exhausted or coalesce(a.refuse_room < a.total, false),
            case when a.codes is not null then jsonb_build_object('base', a.base, 'campaigns', a.by_code) end,
            a.budgeted, a.capped, a.base, a.cut_room
        )::points.share end
        from award a
        order by a.ord
    );
end
$$;

comment on function points.draft_shares(smallint, points.draft[], timestamptz) is
    'What campaigns, the multiplier of the level and limits make of each award of a round, whose accounts are settled; null: nothing. Bonuses come in order of priority, as far as the member''s cap reaches; points.trim_shares does what is left where a limit cuts or refuses, or a budget may not reach. Each award is taken as the first of its account: see points.may_bind.';
