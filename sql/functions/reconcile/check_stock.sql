create or replace function points.check_stock() returns setof points.finding
language plpgsql stable as $$
declare
    v_budgets text[] := array(select s.item from points.stock s where s.prize = -1);
begin
    return query
        with made as (
            -- All that ever was put into a stock, by what operators asked for; of codes, those there are.
            select q.item, q.prize, sum(q.pieces) as pieces
            from (
                select c.code as item, 0 as prize, (c.inputs ->> 'stock')::bigint as pieces from points.catalogue_change c where c.what = 'create_reward' and c.inputs ->> 'kind' <> 'coupon'
                union all
                select c.code, p.no, (p.prize ->> 'stock')::bigint
                from points.catalogue_change c
                cross join lateral jsonb_array_elements(case when jsonb_typeof(c.inputs -> 'prizes') = 'array' then c.inputs -> 'prizes' else '[]' end) with ordinality as p(prize, no)
                where c.what = 'create_reward'
                union all
                select c.code, coalesce((c.inputs ->> 'prize')::bigint, 0), (c.inputs ->> 'pieces')::bigint from points.catalogue_change c where c.what = 'add_stock'
                union all
                select c.reward, 0, count(*) from points.coupon c group by c.reward
                union all
                select c.code, -1, (c.inputs ->> 'budget')::bigint from points.catalogue_change c where c.what = 'create_campaign'
                union all
                select c.code, -1, (c.inputs ->> 'points')::bigint from points.catalogue_change c where c.what = 'add_budget'
            ) q
            group by q.item, q.prize
            -- A reward that was made by other ways says nothing of its stock.
            having exists (select from points.catalogue_change c where c.code = q.item and c.what = case when q.prize < 0 then 'create_campaign' else 'create_reward' end)
        ), taken as (
            select r.reward as item, k.prize, count(*)::numeric as pieces
            from points.redemption r
            cross join lateral (values (0::bigint), (r.prize)) as k(prize)
            where (r.coupon is not null or r.status <> 'cancelled') and k.prize is not null
            group by r.reward, k.prize
            union all
            select c.key, -1, sum(c.value::numeric - coalesce(div(c.value::numeric * v.reversed, v.points), 0))
            from points.operation o
            left join points.reversal v on v.bucket = o.bucket and v.account_id = o.account_id and v.operation_id = o.id
            cross join lateral jsonb_each_text(o.detail -> 'campaigns') as c
            where v_budgets <> '{}' and o.seq is not null and o.detail ? 'campaigns'
            group by c.key
        )
        select 'stock_equals_redemptions', null::bigint, case when s.prize < 0 then 'budget of ' || s.item else s.item || ' ' || s.prize end,
            jsonb_build_object('made', m.pieces, 'taken', coalesce(t.pieces, 0), 'left', s.pieces)
        from (
            select c.item, c.prize, c.remaining + coalesce(sum(l.remaining), 0) as pieces
            from points.stock c
            left join points.stock_slice l on l.item = c.item and l.prize = c.prize
            group by c.item, c.prize, c.remaining
        ) s
        join made m on m.item = s.item and m.prize = s.prize
        left join taken t on t.item = s.item and t.prize = s.prize
        where m.pieces - coalesce(t.pieces, 0) <> s.pieces
        union all
        select 'stock_equals_redemptions', null::bigint, w.code || ' codes', jsonb_build_object('codes', w.codes, 'left', points.stock_left(w.code))
        from (
            select w.code, (select count(*) from points.coupon c where c.reward = w.code and c.redemption_id is null) as codes
            from points.reward w
            where w.kind = 'coupon'
        ) w
        where w.codes <> points.stock_left(w.code);
end
$$;

comment on function points.check_stock() is
    'Stocks of rewards and prizes and the budgets of campaigns, centre and slices together, against what was put into them and what redemptions and awards have taken, by one snapshot: stock_equals_redemptions.';
