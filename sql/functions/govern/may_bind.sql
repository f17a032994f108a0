create or replace function points.may_bind(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns boolean
language plpgsql stable as $$
declare
    v_drafts points.draft[];
    v_shares points.share[];
begin
    -- Only these accounts have something that could go before an award.
    v_drafts := array(
        select q.d
        from (
            select d, d.ord, count(*) over w as operations, bool_or(d.level_due) over w as governed
            from unnest(p_drafts) d
            where d.round is not null and d.refusal is null
            window w as (partition by d.account_id)
        ) q
        where q.operations > 1 and q.governed
        order by q.ord
    );
    v_shares := points.draft_shares(p_bucket, v_drafts, p_now);
    return exists (
        select from (
            select d.account_id, count(*) as operations, array_agg(distinct d.lot_source) filter (where d.allowed is not null) as rules,
                count(d.allowed) > 1 and (
                    coalesce(bool_or(d.capped), false) or coalesce(bool_or(d.refused or d.room < d.allowed) and not bool_and(d.refused), false)
                ) as bound,
                coalesce(sum(coalesce(d.allowed, d.moved)) filter (where d.entry_kind = 'earn' and d.refused is not true), 0) as earns,
                sum(abs(coalesce(d.allowed, d.moved))) as moves
            from unnest(v_drafts, v_shares) d
            group by d.account_id
        ) a
        join lateral (
            select b.version, b.earned + coalesce(b.inherited, 0) as earned, b.level_until,
                greatest(b.earned, b.spent, abs(b.adjusted), b.expired + b.pending + b.available + b.held) as most
            from points.balance b where b.bucket = p_bucket and b.account_id = a.account_id limit 1
        ) b on true
        where a.bound or b.most + a.moves > 9007199254740991
            or b.earned + a.earns >= b.level_until and exists (
                select from points.award_bonus k where k.status = 'active' and k.levels is not null and k.rules && a.rules
            )
            or exists (
                select from points.risk_rule m
                where m.mode <> 'off' and m.rules && a.rules and m.measure in ('window_points', 'window_awards', 'source_share')
                    -- A grant that has expired already takes two entries. Points in a window are unknown, so they always may.
                    and points.risk_hits(m, 0, 0, b.version + 2 * a.operations, 'infinity', 'infinity')
            )
    ) or exists (
        select from (
            select d.account_id, d.lot_source, d.happened_at, count(*) over w as awards, sum(d.allowed) over w as points
            from unnest(v_drafts, v_shares) d
            where d.allowed is not null and not d.refused
            window w as (partition by d.account_id)
        ) a
        join points.limits_at(p_now) k on a.lot_source = any (k.rules)
        left join lateral (
            select u.times, u.points from points.limit_use u
            where u.bucket = p_bucket and u.account_id = a.account_id and u.code = k.code and u.starts_at = case
                when a.happened_at = k.at then k.starts_at else points.period_start(k.period, a.happened_at, k.time_zone)
            end
            limit 1
        ) u on true
        where a.awards > 1 and (coalesce(u.times, 0) + a.awards > k.max_times or coalesce(u.points, 0) + a.points > k.max_points)
    );
end
$$;

comment on function points.may_bind(smallint, points.draft[], timestamptz) is
    'Whether what limits, campaigns, levels or risk rules make of an award may depend on another operation of its account in the batch: whether all of them together, at their largest, reach something. False: they may share rounds, as far as budgets reach. Accounts are settled, and nothing counts by address or device. While a risk rule goes by the points in a window, awards by its rules always may.';
