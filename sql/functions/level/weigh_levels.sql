create or replace function points.weigh_levels(p_bucket smallint, p_account_ids bigint[], p_ats timestamptz[])
returns setof points.weighed_level
language plpgsql stable as $$
declare
    v_terms points.level_terms[] := array(select t from points.level_terms t);
begin
    return query
        select q.id, q.at, t.measure, t.codes[r.rank], t.codes[r.rank + 1], r.measured, t.thresholds[r.rank + 1] - r.measured,
            case
                when not isfinite(r.ends_at) then null
                when r.ends > r.period + 1 then 0
                else greatest(0, t.thresholds[r.rank] - r.measured)
            end,
            case when t.measure = 'ever' then coalesce(t.thresholds[r.rank + 1], 9007199254740992) else 0 end,
            r.ends_at,
            case
                when isfinite(r.ends_at) and r.ends > r.period
                    then points.period_starts_on(r.ends, r.anchor, t.months)::timestamp at time zone t.time_zone
                else r.ends_at
            end,
            t.revision
        from unnest(p_account_ids, p_ats) as q(id, at)
        cross join lateral (
            select a.wallet, a.created_at, b.earned + coalesce(b.inherited, 0) as earned, b.level_until = 0 as kept
            from points.account a
            join points.balance b on b.bucket = a.bucket and b.account_id = a.id
            where a.bucket = p_bucket and a.id = q.id
            limit 1
        ) a
        join unnest(v_terms) t on t.wallet = a.wallet
        left join lateral (
            select d.today, d.anchor, points.period_of(d.today, d.anchor, t.months) as period
            from (
                select (q.at at time zone t.time_zone)::date as today,
                    case when t.measure = 'membership_year' then (a.created_at at time zone t.time_zone)::date else date '2000-01-01' end as anchor
                -- Keeps the planner from computing each of these wherever it is asked for.
                offset 0
            ) d
            where t.measure <> 'ever'
            offset 0
        ) d on true
        left join lateral (
            select w.* from points.weigh_periods(t, p_bucket, q.id, a.kept, d.anchor, d.period,
                (d.today < points.period_starts_on(d.period, d.anchor, t.months) + t.grace_days)::int) w
            where d.period is not null
            offset 0
        ) p on true
        cross join lateral (
            select d.anchor, d.period, p.ends, coalesce(p.rank, width_bucket(a.earned, t.thresholds)) as rank, coalesce(p.measured, a.earned) as measured,
                case
                    when t.level_wallet is not null then '-infinity'
                    when t.downgrade = 'never' or p.rank <= width_bucket(0::bigint, t.thresholds) then 'infinity'
                    else (points.period_starts_on(p.ends, d.anchor, t.months) + t.grace_days)::timestamp at time zone t.time_zone
                end as ends_at
            offset 0
        ) r;
end
$$;

comment on function points.weigh_levels(smallint, bigint[], timestamptz[]) is
    'What the levels of these accounts are, each at its instant, by the levels of now. Points of periods that begin later do not count.';
