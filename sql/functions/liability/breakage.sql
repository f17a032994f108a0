create or replace function api.breakage(p_from date, p_to date, p_wallet text default 'points')
returns table (closed_granted bigint, closed_expired bigint, rate numeric, cohorts api.breakage_cohort[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set enable_seqscan = on set plan_cache_mode = auto as $$
declare
    v_zone text := (select p.time_zone from points.program p);
    v_from timestamptz;
    v_until timestamptz;
    v_fault text[];
    v_cohorts api.breakage_cohort[];
begin
    v_fault := case
        when p_from not between '1900-01-01' and '9999-12-31' then array['from', 'must be from 1900 to 9999']
        when p_from is null or p_to is null or not p_to between p_from and p_from + interval '10 years' then array['to', 'must be from, or at most 10 years later']
        when not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_from := date_trunc('month', p_from::timestamp) at time zone v_zone;
    v_until := (date_trunc('month', p_to::timestamp) + interval '1 month') at time zone v_zone;
    v_cohorts := array(
        select row(c.month, c.granted - c.moved, c.used - c.held, c.clawed_back, c.expired, c.other, c.outstanding + c.held)::api.breakage_cohort
        from (
            select date_trunc('month', l.available_at at time zone v_zone)::date as month,
                sum(l.granted)::bigint as granted, sum(l.moved)::bigint as moved, sum(l.used)::bigint as used, sum(l.held)::bigint as held,
                sum(l.clawed_back)::bigint as clawed_back, sum(l.expired)::bigint as expired, sum(l.other)::bigint as other,
                sum(l.outstanding)::bigint as outstanding
            from (
                select min(u.available_at) as available_at, max(u.granted) as granted,
                    coalesce(sum(u.points) filter (where u.kind in ('transfer', 'merge')), 0) as moved,
                    coalesce(sum(u.points) filter (where u.kind in ('spend', 'capture', 'hold', 'release', 'refund')), 0) as used,
                    coalesce(sum(u.points) filter (where u.held), 0) as held,
                    coalesce(sum(u.points) filter (where u.kind = 'clawback'), 0) as clawed_back,
                    coalesce(sum(u.points) filter (where u.kind in ('expire', 'reinstate')), 0) as expired,
                    coalesce(sum(u.points) filter (where u.kind in ('adjust', 'write_off', 'repay', 'earn', 'activate')), 0) as other,
                    coalesce(sum(u.points) filter (where u.kind is null), 0) as outstanding
                from (
                    select l.bucket, l.account_id, l.seq, l.no, l.available_at, l.granted, l.remaining as points, null::points.entry_kind as kind, false as held
                    from points.lot l
                    where l.available_at >= v_from and l.available_at < v_until
                    union all
                    select u.bucket, u.account_id, u.lot_seq, u.lot_no, u.available_at, u.granted, u.points, e.kind, h.id is not null
                    from points.lot_use_history u
                    join points.entry_history e on e.bucket = u.bucket and e.account_id = u.account_id and e.seq = u.seq and e.recorded_at = u.recorded_at
                    left join points.hold h on e.kind = 'hold' and h.bucket = e.bucket and h.account_id = e.account_id and h.id = e.operation_id
                        and h.closed_at is null
                    where u.available_at >= v_from and u.available_at < v_until
                ) u
                join points.account a on a.bucket = u.bucket and a.id = u.account_id and a.wallet = p_wallet
                group by u.bucket, u.account_id, u.seq, u.no
            ) l
            group by 1
        ) c
        order by 1
    );
    return query
        select q.granted, q.expired, round(q.expired::numeric / nullif(q.granted, 0), 4), v_cohorts
        from (
            select coalesce(sum(c.granted - c.clawed_back), 0)::bigint as granted, coalesce(sum(c.expired), 0)::bigint as expired
            from unnest(v_cohorts) c
            where c.outstanding = 0
        ) q;
end
$$;

comment on function api.breakage(date, date, text) is
    'What has become of the points of a wallet that became available in each local month from that of p_from to that of p_to, and the rate of breakage: of the months of which nothing is outstanding, expired / (granted - clawed back). That is what IFRS 15 B46 asks an estimate of breakage to rest on: what customers of before did not exercise. It reads every use of those lots. Raises LP001 INVALID_INPUT.';
