create or replace function points.weigh_periods(
    p_terms points.level_terms, p_bucket smallint, p_account_id bigint, p_kept boolean, p_anchor date, p_period int, p_grace int
) returns table (rank int, measured bigint, ends int)
language sql stable as $$
    with earned as (
        select points.period_of(d.day, p_anchor, (p_terms).months) as period, sum(d.points) as points
        from (
            select e.day, e.points + e.inherited as points
            from points.earned_day e
            where e.bucket = p_bucket and e.account_id = p_account_id and p_kept and e.day >= case
                when (p_terms).downgrade = 'never' then '-infinity'
                else points.period_starts_on(p_period - (p_terms).looks_back - p_grace, p_anchor, (p_terms).months)
            end
            union all
            select l.day, l.points + l.inherited
            from points.ledger_days(p_bucket, p_account_id) l
            where not p_kept
        ) d
        group by 1
    )
    select max(y.rank), max(y.measured) filter (where y.period = p_period),
        -- What was earned in a period holds to the end of the next one; then it may go by steps.
        max(y.period + 2 + case when (p_terms).downgrade = 'one_step' then y.reached - y.rank else 0 end) filter (where y.reached >= y.rank)
    from (
        select x.period, x.measured, x.reached, max(case when x.period <= p_period then x.reached - case
            when (p_terms).downgrade = 'one_step' then greatest(0, p_period - x.period - 1 - p_grace) else 0 end end) over () as rank
        from (
            select m.period, m.measured, width_bucket(m.measured, (p_terms).thresholds) as reached
            from (
                select t.period, (t.total - coalesce(lag(t.total, (p_terms).span) over (order by t.period), 0))::bigint as measured
                from (
                    select s.period, sum(coalesce(e.points, 0)) over (order by s.period) as total
                    from generate_series(
                        case
                            when (p_terms).downgrade = 'never' then least(p_period, (select min(e.period) from earned e))
                            else p_period - (p_terms).looks_back - p_grace
                        end,
                        p_period + (p_terms).span - 1) as s(period)
                    left join earned e on e.period = s.period
                ) t
            ) m
            -- Those before are there for the sums.
            where (p_terms).downgrade = 'never' or m.period >= p_period - (p_terms).looks_back + (p_terms).span - 1 - p_grace
        ) x
    ) y
$$;

comment on function points.weigh_periods(points.level_terms, smallint, bigint, boolean, date, int, int) is
    'Weighs an account whose levels go by periods, in period p_period of those that begin on p_anchor; p_grace 1: its days of grace are not over, 0: they are; p_kept: points.earned_day has what it earned, or else its operations tell. rank: its level, counted from 1, 0: below the lowest; measured: points that count in the period; ends: period that begins when the level ends. A level is the highest that was reached in the present period or the one before, or, by steps, that of an earlier one less a step for each end of a period since. So it is a function of what was earned when, and of nothing else.';
