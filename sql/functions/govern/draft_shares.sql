create or replace function points.draft_shares(p_bucket smallint, p_drafts points.draft[]) returns points.share[]
language plpgsql stable as $$
begin
    return array(
        select case when t.base is not null then row(
            case when t.refused then 0 else greatest(0, least(t.base, t.cut_room)) + coalesce(t.given, 0) end,
            t.campaigns, t.bonuses, t.refused,
            case
                when t.refused or t.cut_room < t.total
                    then points.limit_facts(p_bucket, t.account_id, t.rule, t.happened_at, t.base, t.total, t.by_campaign)
                when t.given > 0 then jsonb_build_object('base', t.base, 'campaigns', t.by_campaign)
            end
        )::points.share end
        from (
            select t.ord, min(t.account_id) as account_id, min(t.rule) as rule, min(t.happened_at) as happened_at, min(t.base) as base,
                min(t.total) as total, min(t.cut_room) as cut_room, bool_or(t.refused) as refused, sum(t.given)::bigint as given,
                array_agg(t.code) filter (where t.given > 0) as campaigns,
                array_agg(t.given) filter (where t.given > 0) as bonuses,
                jsonb_object_agg(t.code, t.given) filter (where t.given > 0) as by_campaign
            from (
                select t.*, greatest(0, least(t.trimmed, t.budget - (sum(t.trimmed) over budget)::bigint + t.trimmed)) as given
                from (
                    select q.*, r.refused,
                        -- A limit cuts the last bonus first, and the rule's own award last. What is refused takes nothing of a budget.
                        case when r.refused then 0
                            else greatest(0, least(q.raw, coalesce(q.cut_room, q.total) - q.base - q.so_far + q.raw)) end as trimmed
                    from (
                        select w.*, (sum(w.raw) over (partition by w.ord order by w.place))::bigint as so_far,
                            least(w.base + coalesce(sum(w.raw) over (partition by w.ord), 0), 9007199254740992)::bigint as total
                        from points.weigh_awards(p_bucket, p_drafts) w
                        -- Keeps the planner from computing the sums wherever they are asked for.
                        offset 0
                    ) q
                    cross join lateral (select q.exhausted or coalesce(q.refuse_room < q.total, false) as refused) r
                ) t
                window budget as (partition by t.code order by t.ord)
                -- So that the arrays have the campaigns in their order.
                order by t.ord, t.place
            ) t
            group by t.ord
        ) t
        order by t.ord
    );
end
$$;

comment on function points.draft_shares(smallint, points.draft[]) is
    'What limits and campaigns make of each award of a round, whose accounts are settled; null: nothing. Bonuses come in order of priority, as far as the member''s cap, the limits and the budget reach, in this order; budgets are taken in the order of the batch. At most one award an account.';
