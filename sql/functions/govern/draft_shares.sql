create or replace function points.draft_shares(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns points.share[]
language plpgsql stable as $$
begin
    return array(
        with quota as materialized (
            select q.* from points.limits_at(p_now) q
        ), award as (
            -- base null: no limit, campaign or level concerns it. cut_room, refuse_room: points that limits leave; null: there is none.
            select d.ord, d.account_id, b.base, b.rule, d.happened_at, b.level, u.exhausted, u.cut_room, u.refuse_room
            from unnest(p_drafts) d
            cross join points.program p
            left join lateral (
                select b.level, d.moved as base, d.lot_source as rule
                from points.balance b
                where b.bucket = p_bucket and b.account_id = d.account_id and d.round is not null and d.refusal is null
                    and d.entry_kind = 'earn' and d.moved > 0 and d.lot_source = any (p.governed_rules)
                limit 1
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
        ), bonus as materialized (
            -- So that each budget is read once, and not for each award: it changes so often that reading it takes long.
            select k.*, s.remaining as budget
            from points.award_bonus k
            left join lateral (
                select s.remaining from points.stock_slice s where s.bucket = p_bucket and s.item = k.code and s.prize = -1 limit 1
            ) s on true
            where k.status = 'active'
        ), weighed as (
            -- A row an award and bonus, or one without a bonus; could_add: within the member's cap.
            select a.*, k.code, k.wallet, k.priority, k.budget, k.member_cap, k.exclusive,
                row_number() over w as place, first_value(k.exclusive) over w as alone,
                greatest(0, least(coalesce(k.bonus, floor(a.base * (k.multiplier - 1))), k.member_cap - coalesce(u.points, 0)))::bigint as could_add
            from award a
            left join bonus k on a.rule = any (k.rules) and k.starts_at <= a.happened_at
                and k.ends_at > a.happened_at and (k.levels is null or a.level = any (k.levels))
                and (k.wallet is null or k.wallet = (select c.wallet from points.account c where c.bucket = p_bucket and c.id = a.account_id))
            left join lateral (
                select u.points from points.campaign_use u
                where k.member_cap is not null and u.bucket = p_bucket and u.account_id = a.account_id and u.campaign = k.code
                limit 1
            ) u on true
            window w as (partition by a.ord, k.wallet order by k.priority, k.code)
        ), chosen as (
            select w.*, case when w.place = 1 or not (w.exclusive or w.alone) then w.could_add else 0 end as adds
            from weighed w
        ), summed as (
            -- Wallets sort before null: the level's multiplier comes before the campaigns.
            select c.*, (sum(c.adds) over (partition by c.ord order by c.wallet, c.priority, c.code))::bigint as so_far,
                least(c.base + coalesce(sum(c.adds) over (partition by c.ord), 0), 9007199254740992)::bigint as total
            from chosen c
            -- Keeps the planner from computing the sums wherever they are asked for.
            offset 0
        ), trimmed as (
            select s.*, r.refused,
                -- A limit cuts the last bonus first, and the rule's own award last. What is refused takes nothing of a budget.
                case when r.refused then 0
                    else greatest(0, least(s.adds, coalesce(s.cut_room, s.total) - s.base - s.so_far + s.adds)) end as trimmed
            from summed s
            cross join lateral (select s.exhausted or coalesce(s.refuse_room < s.total, false) as refused) r
        ), given as (
            select t.*, greatest(0, least(t.trimmed, t.budget - (sum(t.trimmed) over budget)::bigint + t.trimmed)) as given
            from trimmed t
            window budget as (partition by t.code order by t.ord)
            -- So that the arrays have the bonuses in their order.
            order by t.ord, t.wallet, t.priority, t.code
        ), share as (
            select g.ord, min(g.account_id) as account_id, min(g.rule) as rule, min(g.happened_at) as happened_at, min(g.base) as base,
                min(g.total) as total, min(g.cut_room) as cut_room, bool_or(g.refused) as refused, sum(g.given)::bigint as given,
                array_agg(g.code) filter (where g.given > 0) as campaigns,
                array_agg(g.given) filter (where g.given > 0) as bonuses,
                jsonb_object_agg(g.code, g.given) filter (where g.given > 0) as by_campaign,
                bool_or(g.given > 0 and g.budget is not null) as budgeted,
                bool_or(g.given > 0 and g.member_cap is not null) as capped
            from given g
            group by g.ord
        )
        select case when s.base is not null then row(
            case when s.refused then 0 else greatest(0, least(s.base, s.cut_room)) + coalesce(s.given, 0) end,
            s.campaigns, s.bonuses, s.refused,
            case
                when s.refused or s.cut_room < s.total
                    then points.limit_facts(p_bucket, s.account_id, s.rule, s.happened_at, s.base, s.total, s.by_campaign)
                when s.given > 0 then jsonb_build_object('base', s.base, 'campaigns', s.by_campaign)
            end,
            s.budgeted, s.capped
        )::points.share end
        from share s
        order by s.ord
    );
end
$$;

comment on function points.draft_shares(smallint, points.draft[], timestamptz) is
    'What limits, campaigns and the multiplier of the level make of each award of a round, whose accounts are settled; null: nothing. Bonuses come in order of priority, as far as the member''s cap, the limits and the budget (the bucket''s slice) reach, in this order; budgets are taken in the order of the batch. At most one award an account.';
