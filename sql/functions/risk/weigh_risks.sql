create or replace function points.weigh_risks(p_bucket smallint, p_drafts points.draft[], p_marks points.origin_mark[], p_now timestamptz)
returns points.risk[]
language plpgsql stable as $$
declare
    v_from timestamptz;
    -- Awards and the rules by address and device that they meet.
    v_met text[] := array[]::text[];
begin
    if cardinality(p_marks) > 0 then
        v_met := array(select m.ord || ' ' || m.code from unnest(p_marks) m where m.since is not null and m.used >= m.most);
    end if;
    -- Few awards would be decided on whatever went before them, so history is seldom read.
    if not exists (
        select from unnest(p_drafts) d
        cross join points.program p
        join points.risk_rule m on m.mode <> 'off' and d.lot_source = any (m.rules)
        left join lateral (
            select b.version from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
        ) b on true
        where d.round is not null and d.refusal is null and d.entry_kind = 'earn' and d.moved > 0 and d.lot_expires_at > p_now
            and case
                when points.looks_at_origins(m.measure) then d.ord || ' ' || m.code = any (v_met)
                -- An account has no more awards than entries.
                else points.risk_hits(m, d.moved, extract(hour from d.happened_at at time zone p.time_zone)::int, b.version, 'infinity', 'infinity')
            end
    ) then
        return array_fill(null::points.risk, array[cardinality(p_drafts)]);
    end if;
    -- For the planner: it says which partitions there is no need to open.
    v_from := (select p_now - make_interval(mins => max(m.window_minutes)) from points.risk_rule m where m.mode <> 'off');
    return array(
        select case when k.reasons is not null or k.watched is not null then row(
            k.decision,
            jsonb_build_object('risk', jsonb_strip_nulls(jsonb_build_object(
                'decision', coalesce(k.decision::text, 'allow'), 'reasons', k.reasons, 'watched', k.watched))),
            least(d.lot_expires_at, p_now + make_interval(days => k.wait_days)), d.lot_available_at, d.lot_expires_at
        )::points.risk end
        from unnest(p_drafts) d
        cross join points.program p
        left join lateral (
            select b.version from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
        ) b on true
        left join lateral (
            select max(m.decision) filter (where m.mode = 'on') as decision,
                min(m.wait_days) filter (where m.mode = 'on') as wait_days,
                array_agg(m.code order by m.code) filter (where m.mode = 'on') as reasons,
                array_agg(m.code order by m.code) filter (where m.mode = 'watch') as watched
            from points.risk_rule m
            cross join lateral (
                select count(*) as awards, coalesce(sum(o.points), 0) as points,
                    coalesce(sum(o.points) filter (where o.rule = d.lot_source), 0) as same
                from points.entry e
                cross join lateral (
                    select o.points, o.rule from points.operation o
                    where o.bucket = p_bucket and o.account_id = e.account_id and o.id = e.operation_id
                    limit 1
                ) o
                where m.measure in ('window_points', 'window_awards', 'source_share')
                    -- An account has no more awards than entries.
                    and b.version + 1 >= case m.measure when 'window_awards' then m.threshold when 'source_share' then m.min_awards else 0 end
                    and e.bucket = p_bucket and e.account_id = d.account_id and e.kind = 'earn'
                    and e.recorded_at > v_from and e.recorded_at > p_now - make_interval(mins => m.window_minutes)
                    and (m.measure = 'source_share' or o.rule = any (m.rules))
            ) w
            where d.round is not null and d.refusal is null and d.entry_kind = 'earn' and d.moved > 0 and d.lot_expires_at > p_now
                and m.mode <> 'off' and d.lot_source = any (m.rules)
                and case
                    when points.looks_at_origins(m.measure) then d.ord || ' ' || m.code = any (v_met)
                    else points.risk_hits(m, d.moved, extract(hour from d.happened_at at time zone p.time_zone)::int, w.awards, w.points, w.same)
                end
        ) k on true
        order by d.ord
    );
end
$$;

comment on function points.weigh_risks(smallint, points.draft[], points.origin_mark[], timestamptz) is
    'What risk rules make of each award of a round, as limits and campaigns have left it; null: nothing. Several decide together: deny before review, and the shortest wait.';
