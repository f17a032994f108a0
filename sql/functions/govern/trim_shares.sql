create or replace function points.trim_shares(p_bucket smallint, p_drafts points.draft[], p_shares points.share[]) returns points.share[]
language plpgsql stable as $$
begin
    return array(
        with trimmed as (
            -- A limit cuts the last bonus first, and the rule's own award last. What is refused takes nothing of a budget.
            select d.*, case when not d.refused then array(
                select greatest(0, least(u.adds, coalesce(d.room, d.allowed) - d.base - (sum(u.adds) over (order by u.no))::bigint + u.adds))
                from unnest(d.bonuses) with ordinality as u(adds, no)
                order by u.no
            ) end as trimmed
            from unnest(p_drafts, p_shares) d
        ), taken as (
            select t.ord, u.no, s.remaining as budget, (sum(u.points) over (partition by u.code order by t.ord))::bigint as so_far
            from trimmed t
            cross join lateral unnest(t.campaigns, t.trimmed) with ordinality as u(code, points, no)
            join points.stock_slice s on s.bucket = p_bucket and s.item = u.code and s.prize = -1
        ), given as (
            select t.*, array(
                select greatest(0, least(u.points, n.budget - n.so_far + u.points))
                from unnest(t.trimmed) with ordinality as u(points, no)
                left join taken n on n.ord = t.ord and n.no = u.no
                order by u.no
            ) as given
            from trimmed t
        )
        select case when g.base is not null then row(
            case when g.refused then 0 else greatest(0, least(g.base, g.room)) + s.points end,
            g.campaigns, g.given, g.refused,
            case
                when g.refused or g.room < g.allowed
                    then points.limit_facts(p_bucket, g.account_id, g.lot_source, g.happened_at, g.base, g.allowed, s.by_code)
                when s.points > 0 then jsonb_build_object('base', g.base, 'campaigns', s.by_code)
            end,
            g.budgeted, g.capped, g.base, g.room
        )::points.share end
        from given g
        cross join lateral (
            select coalesce(sum(u.points), 0)::bigint as points, jsonb_object_agg(u.code, u.points) filter (where u.points > 0) as by_code
            from unnest(g.campaigns, g.given) as u(code, points)
        ) s
        order by g.ord
    );
end
$$;

comment on function points.trim_shares(smallint, points.draft[], points.share[]) is
    'What is left of awards that limits cut or refuse, and of bonuses as far as budgets (the bucket''s slices) reach, in the order of the batch. What nothing binds stays as it is.';
