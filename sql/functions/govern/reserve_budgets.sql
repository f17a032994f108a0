create or replace function points.reserve_budgets(p_bucket smallint, p_requests api.request[], p_drafts points.draft[]) returns boolean
language plpgsql volatile as $$
declare
    v_codes text[];
    v_points bigint[];
    v_tight boolean := false;
begin
    select array_agg(n.code order by n.code), array_agg(n.points order by n.code)
    into v_codes, v_points
    from (
        select k.code, least(sum(coalesce(k.bonus * a.awards, floor(a.points * (k.multiplier - 1)))), 9007199254740991)::bigint as points
        from (
            select d.lot_source as rule, count(*) as awards, min(d.happened_at) as first, max(d.happened_at) as last,
                sum(d.moved + case
                    -- What a streak adds is worked out later.
                    when d.kind = 'sign_in' then (select coalesce(max(t.bonus_points), 0) from points.sign_in_terms t) else 0
                end) as points
            from unnest(p_requests, p_drafts) d
            where d.round is not null and d.refusal is null and d.entry_kind = 'earn' and d.moved > 0
            group by d.lot_source
        ) a
        join points.campaign k on a.rule = any (k.rules) and k.status = 'active' and k.starts_at <= a.last and k.ends_at > a.first
        join points.stock b on b.item = k.code and b.prize = -1
        group by k.code
    ) n;
    for v_number in 1 .. coalesce(cardinality(v_codes), 0) loop
        if not points.fill_slice(v_codes[v_number], -1::smallint, p_bucket, v_points[v_number]) then
            v_tight := true;
        end if;
    end loop;
    return v_tight;
end
$$;

comment on function points.reserve_budgets(smallint, api.request[], points.draft[]) is
    'Brings into the bucket''s slices, and locks, what the awards of a batch may take at most of the budgets of campaigns, as points.reserve_stock does for rewards, and after it. True: some budget has less than that.';
