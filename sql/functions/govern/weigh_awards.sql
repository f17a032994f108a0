create or replace function points.weigh_awards(p_bucket smallint, p_drafts points.draft[])
returns table (
    ord int, account_id bigint, rule text, happened_at timestamptz, base bigint, place bigint, code text, raw bigint, budget bigint,
    exhausted boolean, cut_room bigint, refuse_room bigint
)
language plpgsql stable as $$
begin
    return query
        select q.ord, q.account_id, q.rule, q.happened_at, q.base, q.place, q.code, case when q.place <= 1 or not (q.exclusive or q.alone) then q.raw else 0 end,
            q.budget, q.exhausted, q.cut_room, q.refuse_room
        from (
            select l.*, k.code, k.exclusive, k.budget, case when k.wallet is null then row_number() over w else 0 end as place,
                first_value(k.exclusive) over w as alone,
                greatest(0, least(coalesce(k.bonus, floor(l.base * (k.multiplier - 1))), k.member_cap - coalesce(u.points, 0)))::bigint as raw
            from (
                select d.ord, d.account_id, b.base, b.rule, d.happened_at, b.level, u.*
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
                    from points.earn_limit k
                    left join lateral (
                        select u.times, u.points from points.limit_use u
                        where u.bucket = p_bucket and u.account_id = d.account_id and u.code = k.code
                            and u.starts_at = points.period_start(k.period, d.happened_at, p.time_zone)
                        limit 1
                    ) u on true
                    where k.active and k.per = 'member' and b.rule = any (k.rules)
                ) u
            ) l
            -- Fenced, so that each budget is read once, and not for each award: it changes so often that reading it takes long.
            left join (
                select k.*, s.remaining as budget
                from points.award_bonus k
                left join lateral (
                    select s.remaining from points.stock_slice s where s.bucket = p_bucket and s.item = k.code and s.prize = -1 limit 1
                ) s on true
                where k.status = 'active'
                offset 0
            ) k on l.rule = any (k.rules) and k.starts_at <= l.happened_at
                and k.ends_at > l.happened_at and (k.levels is null or l.level = any (k.levels))
                and (k.wallet is null or k.wallet = (select a.wallet from points.account a where a.bucket = p_bucket and a.id = l.account_id))
            left join lateral (
                select u.points from points.campaign_use u
                where k.member_cap is not null and u.bucket = p_bucket and u.account_id = l.account_id and u.campaign = k.code
                limit 1
            ) u on true
            window w as (partition by l.ord, k.wallet order by k.priority, k.code)
        ) q;
end
$$;

comment on function points.weigh_awards(smallint, points.draft[]) is
    'For each draft of a round, a row a campaign, in its place, and one for the multiplier of the level (place 0), or one without: the award by the rule (base; null: no limit and no campaign concerns it), what it would add within the member''s cap (raw), whether a limit on times is used up, and how many points the limits that cut and those that refuse leave; null: no such limit. budget: what the bucket''s slice of the campaign''s holds; null: it has none.';
