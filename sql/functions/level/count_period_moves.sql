create or replace function points.count_period_moves(p_bucket smallint, p_wallet text, p_now timestamptz)
returns table (previous text, level text, members bigint)
language plpgsql stable as $$
declare
    v_terms points.level_terms;
    v_day date;
begin
    select * into v_terms from points.level_terms t where t.wallet = p_wallet;
    v_day := (p_now at time zone v_terms.time_zone)::date;
    return query
        with member as materialized (
            select a.id, b.level as previous, c.anchor, c.period,
                (v_day < points.period_starts_on(c.period, c.anchor, v_terms.months) + v_terms.grace_days)::int as grace
            from points.account a
            join points.balance b on b.bucket = p_bucket and b.account_id = a.id
            cross join lateral (
                select case when v_terms.measure = 'membership_year' then (a.created_at at time zone v_terms.time_zone)::date
                    else date '2000-01-01' end as anchor
            ) n
            cross join lateral (select n.anchor, points.period_of(v_day, n.anchor, v_terms.months) as period) c
            where a.bucket = p_bucket and a.wallet = p_wallet and not b.closed and not b.merged
        ), counted as (
            select m.id, m.period - s.period as age, m.grace, sum(e.points + e.inherited)::bigint as points
            from member m
            join points.earned_day e on e.bucket = p_bucket and e.account_id = m.id
            cross join lateral (select points.period_of(e.day, m.anchor, v_terms.months) as period) p
            cross join lateral generate_series(
                greatest(p.period, case when v_terms.downgrade <> 'never' then m.period - v_terms.looks_back + v_terms.span - 1 - m.grace end),
                least(p.period + v_terms.span - 1, m.period)) as s(period)
            group by m.id, m.period - s.period, m.grace
        ), reached as (
            select c.id, max(width_bucket(c.points, v_terms.thresholds)
                - case when v_terms.downgrade = 'one_step' then greatest(0, c.age - 1 - c.grace) else 0 end) as rank
            from counted c
            group by c.id
        )
        select m.previous, v_terms.codes[greatest(r.rank, width_bucket(0::bigint, v_terms.thresholds))], count(*)
        from member m
        left join reached r on r.id = m.id
        group by 1, 2;
end
$$;

comment on function points.count_period_moves(smallint, text, timestamptz) is
    'As points.count_moves, where levels go by periods and points.earned_day has what all earned: as points.weigh_periods, for all at once.';
