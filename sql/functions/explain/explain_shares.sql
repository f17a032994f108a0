create or replace function points.explain_shares(p_detail jsonb)
returns table (step text, words text, result bigint, at timestamptz, agrees boolean)
language plpgsql stable as $$
begin
    return query
        select b.step, format('The %s %s adds %s.', b.step, b.code, points.counted(b.points)), b.points, null::timestamptz, null::boolean
        from (
            select case when c.key like 'level:%' then 'level' else 'campaign' end as step, replace(c.key, 'level:', '') as code,
                c.value::bigint as points
            from jsonb_each_text(p_detail -> 'campaigns') c
        ) b
        left join points.campaign k on k.code = b.code and b.step = 'campaign'
        order by b.step desc, k.priority, b.code;
    return query
        select 'limit', format('The limit %s allows %s %s, and %s had been used: cut by %s.', l.code, points.counted(l.max_points),
                case when l.period = 'ever' then 'for ever' else 'a ' || l.period end, points.counted(l.points),
                points.counted((p_detail ->> 'cut')::bigint)),
            (p_detail ->> 'cut')::bigint, null::timestamptz, null::boolean
        from jsonb_to_record(p_detail -> 'limit') as l(code text, period text, points bigint, max_points bigint)
        where l.code is not null;
end
$$;

comment on function points.explain_shares(jsonb) is
    'What the level''s multiplier and campaigns added to an award and a limit cut of it, as operation.detail keeps it.';
