create or replace function points.mark_origins(p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.origin_mark[]
language plpgsql stable as $$
begin
    if not (select p.governs_origins from points.program p) then
        return '{}'::points.origin_mark[];
    end if;
    return array(
        select row(
            r.ord, r.account_id, points.origin_hash(o.kind, o.value), k.code, k.starts_at, k.since, k.until, k.most,
            k.members, k.decides, null, null
        )::points.origin_mark
        from unnest(p_requests, p_drafts) r
        cross join points.program p
        cross join lateral (
            values ('address', points.network_of((r.origin).address)), ('device', (r.origin).device)
        ) as o(kind, value)
        cross join lateral (
            select l.code, points.period_start(l.period, r.happened_at, p.time_zone) as starts_at, null::timestamptz as since,
                case when l.period = 'ever' then 'infinity'
                    else greatest(points.period_end(l.period, r.happened_at, p.time_zone), p_now) + interval '7 days' end as until,
                l.max_times::bigint as most, false as members, true as decides
            from points.earn_limit l
            where l.active and l.per::text = o.kind and r.lot_source = any (l.rules)
            union all
            select m.code, null, p_now - make_interval(mins => m.window_minutes), p_now + make_interval(mins => m.window_minutes),
                m.threshold - 1, m.measure in ('address_members', 'device_members'), m.mode = 'on'
            from points.risk_rule m
            where m.mode <> 'off' and r.lot_source = any (m.rules) and case o.kind
                when 'address' then m.measure in ('address_awards', 'address_members')
                else m.measure in ('device_awards', 'device_members')
            end
        ) k
        where r.round is not null and r.refusal is null and r.entry_kind = 'earn' and o.value is not null
        order by r.ord
    );
end
$$;

comment on function points.mark_origins(api.request[], points.draft[], timestamptz) is
    'Which awards of a batch limits and risk rules count by address or device. From here on there are hashes only.';
