create or replace function api.backtest_rule(p_rule text, p_version int, p_from timestamptz, p_to timestamptz)
returns table (
    operations bigint, refused bigint, capped bigint, points_before bigint, points_after bigint,
    members bigint, gaining bigint, losing bigint, levels_up bigint, levels_down bigint,
    days api.backtest_day[], most_gained api.backtest_member[], most_lost api.backtest_member[]
)
language plpgsql stable security definer
-- It reads the operations whole, once, as no request of a member does.
set search_path = pg_catalog, pg_temp set plan_cache_mode = 'force_custom_plan' set jit = off
set enable_seqscan = on set enable_hashjoin = on set enable_mergejoin = on set max_parallel_workers_per_gather = 2 as $$
declare
    v_version points.rule_version := points.find_version(p_rule, p_version);
    v_zone text := (select p.time_zone from points.program p);
begin
    if p_from is null or p_to is null or p_from >= p_to then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'to', 'message', 'must be after from'));
    end if;
    return query
        with award as materialized (
            select o.bucket, o.account_id, a.user_id, a.wallet, (o.happened_at at time zone v_zone)::date as day,
                -- Limits, campaigns and bonuses of streaks aside, which stand in detail.
                case when o.detail is null then o.points else points.award(b, o.amount, o.given) end as before, coalesce(w.points, 0) as after, w.points is null as refused,
                coalesce(w.points = v_version.cap_points, false) as capped
            from (
                select o.*, coalesce(o.occurred_at, o.recorded_at) as happened_at,
                    coalesce(o.requested, (o.detail ->> 'task_points')::bigint) as given
                from points.operation o
                where o.kind in ('earn', 'sign_in', 'claim') and o.rule = p_rule and o.refusal is null
                offset 0
            ) o
            join points.account a on a.bucket = o.bucket and a.id = o.account_id
            join points.rule_version b on b.rule = o.rule and b.version = o.rule_version
            cross join lateral (
                select nullif(case
                    when points.rule_fault(v_version.basis, v_version.fixed_points, v_version.wallet, a.wallet, o.amount, o.given) is null
                        then points.award(v_version, o.amount, o.given)
                end, 9007199254740992) as points
                offset 0
            ) w
            where o.happened_at >= p_from and o.happened_at < p_to
        ), member as materialized (
            select a.bucket, a.account_id, a.user_id, a.wallet, count(*) as operations,
                sum(a.before)::bigint as before, sum(a.after)::bigint as after, sum(a.after - a.before)::bigint as gain
            from award a
            group by a.bucket, a.account_id, a.user_id, a.wallet
        ), day as (
            select a.day, count(*) as operations, sum(a.before)::bigint as before, sum(a.after)::bigint as after
            from award a
            group by a.day
        ), level as (
            select count(*) filter (where l.threshold > n.threshold) as down, count(*) filter (where l.threshold < n.threshold) as up
            from member m
            join points.balance b on b.bucket = m.bucket and b.account_id = m.account_id
            join points.level_step l on l.wallet = m.wallet and l.threshold <= b.earned and b.earned < l.until
            join points.level_step n
                on n.wallet = m.wallet and n.threshold <= greatest(b.earned + m.gain, 0) and greatest(b.earned + m.gain, 0) < n.until
            where m.gain <> 0
        )
        select t.*, m.*, l.up, l.down,
            array(select row(d.day, d.operations, d.before, d.after)::api.backtest_day from day d order by d.day),
            array(
                select row(m.user_id, m.wallet, m.operations, m.before, m.after)::api.backtest_member from member m
                where m.gain > 0 order by m.gain desc, m.user_id, m.wallet limit 10
            ),
            array(
                select row(m.user_id, m.wallet, m.operations, m.before, m.after)::api.backtest_member from member m
                where m.gain < 0 order by m.gain, m.user_id, m.wallet limit 10
            )
        from (
            select count(*), count(*) filter (where a.refused), count(*) filter (where a.capped),
                coalesce(sum(a.before), 0)::bigint, coalesce(sum(a.after), 0)::bigint
            from award a
        ) t
        cross join (
            select count(*), count(*) filter (where m.gain > 0), count(*) filter (where m.gain < 0) from member m
        ) m
        cross join level l;
end
$$;

comment on function api.backtest_rule(text, int, timestamptz, timestamptz) is
    'Runs a version of a rule, a draft or not, over the awards of that rule that happened from p_from until before p_to, in one snapshot, and changes nothing. before: as the version of then awarded, after: as this one awards; limits, campaigns, bonuses of streaks, returns and reversals are left aside in both. A claim gives the rule what its task gave it then. refused: awards whose inputs it does not take, 0 after; capped: those that reach its cap. levels: members who would be on another level today, in wallets where all points earned ever count; most_gained, most_lost: 10 members each. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE.';
