create or replace function points.weigh_awards(p_bucket smallint, p_drafts points.draft[])
returns table (ord int, base bigint, codes text[], raws bigint[], allowed bigint, refused boolean, facts jsonb)
language plpgsql stable as $$
begin
    return query
        select d.ord, g.base, c.codes, c.raws, least(l.room, t.total), coalesce(l.refused, false),
            case when l.refused or l.room < t.total then l.facts end
        from unnest(p_drafts) d
        cross join points.program p
        left join lateral (
            select d.moved as base, d.lot_source as rule, b.level
            from points.balance b
            where b.bucket = p_bucket and b.account_id = d.account_id and d.round is not null and d.refusal is null
                and d.entry_kind = 'earn' and d.moved > 0 and d.lot_source = any (p.governed_rules)
            limit 1
        ) g on true
        left join lateral (
            select array_agg(k.code order by k.place) as codes, array_agg(k.raw order by k.place) as raws, sum(k.raw)::bigint as raw
            from (
                select k.code, k.exclusive, row_number() over w as place, first_value(k.exclusive) over w as alone,
                    greatest(0, least(coalesce(k.bonus, floor(g.base * (k.multiplier - 1))), k.member_cap - coalesce(u.points, 0)))::bigint as raw
                from points.campaign k
                left join lateral (
                    select u.points from points.campaign_use u
                    where k.member_cap is not null and u.bucket = p_bucket and u.account_id = d.account_id and u.campaign = k.code
                    limit 1
                ) u on true
                where g.rule = any (k.rules) and k.status = 'active' and k.starts_at <= d.happened_at and k.ends_at > d.happened_at
                    and (k.levels is null or g.level = any (k.levels))
                window w as (order by k.priority, k.code)
            ) k
            where k.place = 1 or not (k.exclusive or k.alone)
        ) c on true
        cross join lateral (select least(g.base + coalesce(c.raw, 0), 9007199254740992) as total) t
        left join lateral (
            select bool_or(m.refuses) as refused, min(m.room) as room,
                (array_agg(m.facts order by m.refuses desc, m.room, m.code))[1] as facts
            from (
                select k.code, k.max_points - coalesce(u.points, 0) as room,
                    coalesce(u.times, 0) >= k.max_times is true
                        or (k.excess = 'refuse' and k.max_points - coalesce(u.points, 0) < t.total) is true as refuses,
                    jsonb_build_object('code', k.code, 'period', k.period, 'times', coalesce(u.times, 0), 'max_times', k.max_times,
                        'points', coalesce(u.points, 0), 'max_points', k.max_points) as facts
                from points.earn_limit k
                left join lateral (
                    select u.times, u.points from points.limit_use u
                    where u.bucket = p_bucket and u.account_id = d.account_id and u.code = k.code
                        and u.starts_at = points.period_start(k.period, d.happened_at, p.time_zone)
                    limit 1
                ) u on true
                where k.active and g.rule = any (k.rules)
            ) m
        ) l on true;
end
$$;

comment on function points.weigh_awards(smallint, points.draft[]) is
    'For each draft of a round, in no order: the award by the rule (base; null: no limit and no campaign concerns it), what each campaign would add within the member''s cap, what the limits allow altogether, and whether and which of them refuses or cuts it.';
