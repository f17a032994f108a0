create or replace function points.ledger_days(p_of_bucket smallint, p_account_id bigint)
returns table (day date, points bigint, inherited bigint)
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
begin
    return query
        select e.day, coalesce(sum(e.points) filter (where e.own), 0)::bigint, coalesce(sum(e.points) filter (where not e.own), 0)::bigint
        from (
            select m.own, o.points - coalesce(v.reversed, 0) as points,
                (coalesce(o.occurred_at, o.recorded_at) at time zone points.zone_at(o.recorded_at))::date as day
            from (
                select a.bucket, a.id, true as own from points.account a where a.bucket = p_of_bucket and a.id = p_account_id
                union all
                select s.bucket, s.id, false
                from points.account a
                join points.account s on s.into_bucket = a.bucket and s.into_id = a.id
                where a.bucket = p_of_bucket and a.id = p_account_id
            ) m
            join points.operation o on o.bucket = m.bucket and o.account_id = m.id
            left join points.reversal v on v.bucket = o.bucket and v.account_id = o.account_id and v.operation_id = o.id
            where o.kind in ('earn', 'sign_in', 'claim') and o.seq is not null
        ) e
        group by e.day
        having bool_or(e.points <> 0);
end
$$;

comment on function points.ledger_days(smallint, bigint) is
    'What an account and those merged into it earned on each local day, less what was clawed back of that, by their operations: what points.earned_day says.';
