create or replace function points.check_levels(p_of_bucket smallint, p_ids bigint[]) returns setof points.finding
language plpgsql stable as $$
declare
    v_ranges points.level_range[] := array(select r from points.level_range r);
    v_terms points.level_terms[] := array(select t from points.level_terms t);
begin
    return query
        with members as materialized (
            select b.*, t.measure, t.downgrade, t.codes[width_bucket(b.earned + coalesce(b.inherited, 0), t.thresholds)] as code
            from (
                select b.*, a.wallet
                from points.balance b
                join points.account a on a.bucket = p_of_bucket and a.id = b.account_id
                where p_ids is null and b.bucket = p_of_bucket
                union all
                select b.*, a.wallet
                from unnest(p_ids) i(id)
                join points.balance b on b.bucket = p_of_bucket and b.account_id = i.id
                join points.account a on a.bucket = p_of_bucket and a.id = i.id
            ) b
            join unnest(v_terms) t on t.wallet = b.wallet
            left join unnest(v_ranges) r on r.wallet = b.wallet and r.level = coalesce(b.level, '')
            -- Others are decided anew when they are touched.
            where not b.closed and b.level_revision = t.revision and (t.measure <> 'ever' or r.level is null
                or b.earned + coalesce(b.inherited, 0) not between r.from_points and r.until_points - 1
                or b.level_until <> r.until_points or b.level_ends_at <> r.ends_at)
        )
        select 'levels_equal_measure', m.account_id, '', jsonb_build_object(
            'level', m.level, 'should_be', m.code, 'points', m.earned + coalesce(m.inherited, 0), 'until', m.level_until)
        from members m
        where m.measure = 'ever'
        union all
        select 'levels_equal_measure', m.account_id, '', jsonb_build_object('level', m.level, 'should_be', w.level, 'points', w.measured, 'ends_at', m.level_ends_at)
        from (
            select array_agg(m.account_id) as ids,
                array_agg(case
                    when isfinite(m.level_ends_at) then m.level_ends_at - interval '1 us'
                    -- The highest there ever was is known once all was earned, and weighing each period until 2999 takes long.
                    when m.downgrade = 'never' and m.level_until = 0 then coalesce((
                        select (max(e.day) + 2)::timestamp at time zone 'UTC' from points.earned_day e where e.bucket = p_of_bucket and e.account_id = m.account_id), now())
                    else '2999-01-01'
                end) as ats
            from members m
            where m.measure <> 'ever'
        ) q
        cross join lateral points.weigh_levels(p_of_bucket, q.ids, q.ats) w
        join members m on m.account_id = w.account_id
        where (m.level, m.level_ends_at, m.level_until) is distinct from (w.level, w.ends_at, w.until)
        union all
        select 'level_changes_lead_to_level', c.account_id, '', jsonb_build_object('seq', min(c.seq))
        from (
            select c.account_id, c.seq, c.level, c.previous, lag(c.level) over w as before, lag(c.seq) over w as before_seq, lead(c.seq) over w as next_seq
            from (
                select c.* from points.level_change c where p_ids is null and c.bucket = p_of_bucket
                union all
                select c.* from unnest(p_ids) i(id) join points.level_change c on c.bucket = p_of_bucket and c.account_id = i.id
            ) c
            window w as (partition by c.account_id order by c.seq, c.no)
        ) c
        left join points.balance b on b.bucket = p_of_bucket and b.account_id = c.account_id and c.next_seq is null
        where c.before_seq is not null and c.previous is distinct from c.before or c.next_seq is null and b.level is distinct from c.level
        group by c.account_id
        union all
        select 'earned_days_equal_operations', m.account_id, '', jsonb_build_object('days', e.days, 'operations', l.days)
        from members m
        cross join lateral (
            select coalesce(jsonb_agg(jsonb_build_array(e.day, e.points, e.inherited) order by e.day), '[]') as days
            from points.earned_day e
            where e.bucket = p_of_bucket and e.account_id = m.account_id and (e.points <> 0 or e.inherited <> 0)
        ) e
        cross join lateral (
            select coalesce(jsonb_agg(jsonb_build_array(l.day, l.points, l.inherited) order by l.day), '[]') as days
            from points.ledger_days(p_of_bucket, m.account_id) l
        ) l
        where m.level_until = 0 and e.days <> l.days;
end
$$;

comment on function points.check_levels(smallint, bigint[]) is
    'Levels of accounts (p_ids null: of all of the bucket) that were decided by the levels of now, against what they are measured by: levels_equal_measure, level_changes_lead_to_level, earned_days_equal_operations.';
