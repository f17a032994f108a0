create or replace function points.limit_facts(
    p_bucket smallint, p_account_id bigint, p_rule text, p_happened_at timestamptz, p_base bigint, p_total bigint, p_campaigns jsonb
) returns jsonb
language plpgsql stable as $$
begin
    return (
        select jsonb_strip_nulls(jsonb_build_object(
            'base', case when p_campaigns is not null then p_base end,
            'campaigns', p_campaigns,
            'limit', jsonb_build_object('code', m.code, 'period', m.period, 'times', m.times, 'max_times', m.max_times,
                'points', m.points, 'max_points', m.max_points),
            'cut', case when not m.refuses then p_total - greatest(m.max_points - m.points, 0) end))
        from (
            select k.code, k.period, k.max_times, k.max_points, coalesce(u.times, 0) as times, coalesce(u.points, 0) as points,
                coalesce(u.times, 0) >= k.max_times is true
                    or (k.excess = 'refuse' and k.max_points - coalesce(u.points, 0) < p_total) is true as refuses
            from points.earn_limit k
            cross join points.program p
            left join points.limit_use u on u.bucket = p_bucket and u.account_id = p_account_id and u.code = k.code
                and u.starts_at = points.period_start(k.period, p_happened_at, p.time_zone)
            where k.active and k.per = 'member' and p_rule = any (k.rules)
        ) m
        order by m.refuses desc, m.max_points - m.points, m.code
        limit 1
    );
end
$$;

comment on function points.limit_facts(smallint, bigint, text, timestamptz, bigint, bigint, jsonb) is
    'What there is to say of an award of p_total points, bonuses included, that a limit refuses or cuts: the limit, what had been used of it, and how much is cut, with the award by the rule and the bonuses if any are left.';
