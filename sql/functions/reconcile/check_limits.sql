create or replace function points.check_limits(p_of_bucket smallint, p_ids bigint[]) returns setof points.finding
language plpgsql stable as $$
declare
    v_zone text := (select p.time_zone from points.program p);
begin
    if exists (select from points.former_time_zone) or not exists (select from points.earn_limit k where k.active and k.per = 'member') then
        return;
    end if;
    return query
        with limits as (
            select k.* from points.earn_limit k
            where k.active and k.per = 'member' and not exists (select from points.catalogue_change c where c.what = 'change_limit' and c.code = k.code)
        ), awards as (
            select o.account_id, k.code, points.period_start(k.period, coalesce(o.occurred_at, o.recorded_at), v_zone) as starts_at,
                count(*) - count(*) filter (where k.gives_back and v.reversed = v.points) as times,
                sum(o.points) - coalesce(sum(v.reversed) filter (where k.gives_back), 0) as points
            from limits k
            join points.operation o on o.rule = any (k.rules) and o.bucket = p_of_bucket and o.seq is not null and o.recorded_at > k.created_at
                and (p_ids is null or o.account_id in (select unnest(p_ids)))
            left join points.reversal v on v.bucket = p_of_bucket and v.account_id = o.account_id and v.operation_id = o.id
            group by o.account_id, k.code, 3
        )
        select 'limits_equal_operations', q.account_id, q.code, jsonb_build_object('periods', jsonb_agg(jsonb_build_object(
            'starts_at', q.starts_at, 'times', q.used_times, 'points', q.used_points, 'awards', q.times, 'awarded', q.points)))
        from (
            select account_id, code, starts_at, u.times as used_times, u.points as used_points, coalesce(a.times, 0) as times, coalesce(a.points, 0) as points
            from (
                select u.* from points.limit_use u where u.bucket = p_of_bucket and (p_ids is null or u.account_id in (select unnest(p_ids)))
            ) u
            full join awards a using (account_id, code, starts_at)
        ) q
        join limits k on k.code = q.code
        join points.account a on a.bucket = p_of_bucket and a.id = q.account_id
        -- What was under way when the limit was made may not have been counted.
        where case when q.starts_at = '-infinity' then a.created_at else q.starts_at end > k.created_at + interval '1 day'
            and (q.used_times, q.used_points::numeric) is distinct from (q.times, q.points)
        group by q.account_id, q.code;
end
$$;

comment on function points.check_limits(smallint, bigint[]) is
    'What accounts (p_ids null: all of the bucket) have used of limits, against their awards: limits_equal_operations. Of limits that were never changed, in periods that began after they were made, and as long as the program has kept its time zone: of others the past cannot be told from rows.';
