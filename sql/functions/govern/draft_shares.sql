create or replace function points.draft_shares(p_bucket smallint, p_drafts points.draft[]) returns points.share[]
language plpgsql stable as $$
begin
    return array(
        select case when t.base is not null then row(
            greatest(0, least(t.base, t.allowed)) + coalesce(sum(t.given), 0),
            array_agg(t.code order by t.place) filter (where t.given > 0),
            array_agg(t.given order by t.place) filter (where t.given > 0),
            t.refused,
            nullif(jsonb_strip_nulls(jsonb_build_object(
                'base', case when sum(t.given) > 0 then t.base end,
                'campaigns', jsonb_object_agg(t.code, t.given) filter (where t.given > 0),
                'limit', t.facts,
                'cut', case when not t.refused then nullif(t.base + coalesce(sum(t.raw), 0) - greatest(t.allowed, 0), 0) end)), '{}')
        )::points.share end
        from (
            select t.*, case when not t.refused then greatest(0, least(t.trimmed, s.remaining - sum(t.trimmed) over budget + t.trimmed)) end as given
            from (
                select q.ord, q.base, q.refused, q.facts, u.code, u.raw, u.place, q.allowed,
                    -- A limit cuts the last bonus first, and the rule's own award last.
                    greatest(0, least(u.raw, q.allowed - q.base - sum(u.raw) over (partition by q.ord order by u.place) + u.raw)) as trimmed
                from points.weigh_awards(p_bucket, p_drafts) q
                left join lateral unnest(q.codes, q.raws) with ordinality as u(code, raw, place) on true
            ) t
            left join lateral (
                select s.remaining from points.stock_slice s
                where s.bucket = p_bucket and s.item = t.code and s.prize = -1
                limit 1
            ) s on true
            window budget as (partition by t.code order by t.ord)
        ) t
        group by t.ord, t.base, t.allowed, t.refused, t.facts
        order by t.ord
    );
end
$$;

comment on function points.draft_shares(smallint, points.draft[]) is
    'What limits and campaigns make of each award of a round, whose accounts are settled; null: nothing. Bonuses come in order of priority, as far as the member''s cap, the limits and the budget reach, in this order; budgets are taken in the order of the batch. At most one award an account.';
