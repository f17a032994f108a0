create or replace function points.reserve_stock(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_chance uuid)
returns void
language plpgsql volatile as $$
declare
    v_rewards text[];
    v_prizes smallint[];
    v_pieces bigint[];
begin
    select array_agg(n.reward order by n.reward, n.prize), array_agg(n.prize order by n.reward, n.prize),
        array_agg(n.pieces order by n.reward, n.prize)
    into v_rewards, v_prizes, v_pieces
    from (
        select w.code as reward, s.prize, count(*) as pieces
        from unnest(p_drafts) d
        cross join lateral (
            select * from points.reward w where w.code = (p_requests[d.ord]).reward limit 1
        ) w
        cross join lateral (
            select 0::smallint as prize where not w.unlimited
            union all
            select p.no from points.prize p
            where w.kind = 'draw' and p.reward = w.code and not p.consolation
                and p.no = points.draw_prize(points.draw_seed(p_chance, d.account_id, d.operation_id), points.prize_weights(w.code))
        ) s
        where d.round is not null and (p_requests[d.ord]).kind = 'redeem'
        group by w.code, s.prize
    ) n;
    for v_number in 1 .. coalesce(cardinality(v_rewards), 0) loop
        perform points.fill_slice(v_rewards[v_number], v_prizes[v_number], p_bucket, v_pieces[v_number]);
    end loop;
end
$$;

comment on function points.reserve_stock(smallint, api.request[], points.draft[], uuid) is
    'Brings into the bucket''s slices, and locks, what the redemptions of a batch may take. So a slice says exactly how many can be had, and what nobody takes stays in it.';
