create or replace function points.weigh_awards(p_bucket smallint, p_drafts points.draft[])
returns table (
    ord int, account_id bigint, rule text, happened_at timestamptz, base bigint, place bigint, code text, raw bigint,
    exhausted boolean, cut_room bigint, refuse_room bigint
)
language plpgsql stable as $$
begin
    return query
        select q.ord, q.account_id, q.rule, q.happened_at, q.base, q.place, q.code, case when q.place <= 1 or not (q.exclusive or q.alone) then q.raw else 0 end,
            q.exhausted, q.cut_room, q.refuse_room
        from (
            select l.*, k.code, k.exclusive, case when k.wallet is null then row_number() over w else 0 end as place,
                first_value(k.exclusive) over w as alone,
                greatest(0, least(coalesce(k.bonus, floor(l.base * (k.multiplier - 1))), k.member_cap - coalesce(u.points, 0)))::bigint as raw
            from (
                select g.ord, g.account_id, g.base, g.rule, g.happened_at, g.level,
                    coalesce(bool_or(coalesce(u.times, 0) >= k.max_times), false) as exhausted,
                    min(k.max_points - coalesce(u.points, 0)) filter (where k.excess = 'cut') as cut_room,
                    min(k.max_points - coalesce(u.points, 0)) filter (where k.excess = 'refuse') as refuse_room
                from (
                    select d.ord, d.account_id, b.base, b.rule, d.happened_at, b.level, p.time_zone
                    from unnest(p_drafts) d
                    cross join points.program p
                    left join lateral (
                        select b.level, d.moved as base, d.lot_source as rule
                        from points.balance b
                        where b.bucket = p_bucket and b.account_id = d.account_id and d.round is not null and d.refusal is null
                            and d.entry_kind = 'earn' and d.moved > 0 and d.lot_source = any (p.governed_rules)
                        limit 1
                    ) b on true
                ) g
                left join points.earn_limit k on k.active and g.rule = any (k.rules)
                left join lateral (
                    select u.times, u.points from points.limit_use u
                    where u.bucket = p_bucket and u.account_id = g.account_id and u.code = k.code
                        and u.starts_at = points.period_start(k.period, g.happened_at, g.time_zone)
                    limit 1
                ) u on true
                group by g.ord, g.account_id, g.base, g.rule, g.happened_at, g.level
            ) l
            left join points.award_bonus k on l.rule = any (k.rules) and k.status = 'active' and k.starts_at <= l.happened_at
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
    'For each draft of a round, a row a campaign, in its place, and one for the multiplier of the level (place 0), or one without: the award by the rule (base; null: no limit and no campaign concerns it), what it would add within the member''s cap (raw), whether a limit on times is used up, and how many points the limits that cut and those that refuse leave; null: no such limit.';
