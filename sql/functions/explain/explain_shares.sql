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
        select 'limit', format('The limit %s allows %s %s%s, and %s had been %s.', l.code,
                concat_ws(' and ', q.max_awards, points.counted(l.max_points)), case when l.period = 'ever' then 'for ever' else 'a ' || l.period end,
                ' from one ' || l.per,
                case when p_detail ? 'cut' then points.counted(l.points) else concat_ws(' and ', q.awards, points.counted(l.points)) end,
                case when p_detail ? 'cut' then 'used: cut by ' || points.counted((p_detail ->> 'cut')::bigint) else 'given' end),
            (p_detail ->> 'cut')::bigint, null::timestamptz, null::boolean
        from jsonb_to_record(p_detail -> 'limit')
            as l(code text, per text, period text, times bigint, max_times bigint, points bigint, max_points bigint)
        cross join lateral (
            select l.max_times || case l.max_times when 1 then ' award' else ' awards' end as max_awards,
                case when l.max_times is not null then l.times || case l.times when 1 then ' award' else ' awards' end end as awards
        ) q
        where l.code is not null;
    return query
        select 'risk', concat_ws(' ',
                case when r.decision = 'deny' then format('It was denied because of %s.', q.reasons) end,
                case when q.watched is not null then format('%s would have decided, but only %s.', q.watched,
                    case when cardinality(r.watched) = 1 then 'watches' else 'watch' end) end),
            null::bigint, null::timestamptz, null::boolean
        from jsonb_to_record(p_detail -> 'risk') as r(decision text, reasons text[], watched text[])
        cross join lateral (select array_to_string(r.reasons, ', ') as reasons, array_to_string(r.watched, ', ') as watched) q
        where r.decision = 'deny' or r.watched is not null;
end
$$;

comment on function points.explain_shares(jsonb) is
    'What the level''s multiplier and campaigns added to an award, a limit cut of it or refused, and risk rules made of it, as operation.detail keeps it.';
