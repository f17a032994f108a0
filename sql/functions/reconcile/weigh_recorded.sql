create or replace function points.weigh_recorded(p_of_bucket smallint, p_from bigint, p_to bigint, p_since timestamptz)
returns table (
    account_id bigint, entries bigint, first bigint, last bigint, goes_on numeric, told numeric, moved numeric, strange boolean, special boolean
)
language plpgsql stable rows 10000
set enable_seqscan = off set enable_nestloop = off set enable_sort = off set random_page_cost = 0 set seq_page_cost = 0 set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_once text[] := array(select r.code from points.rule r where r.once);
begin
    return query
        with booked as materialized (
            select e.account_id, count(*) as entries, min(e.seq) as first, max(e.seq) as last, sum(e.goes_on) as goes_on, sum(e.told) as told,
                sum(points.seq_weight(e.account_id, e.seq) * e.granted) filter (where not e.large) as granted,
                bool_or(e.large) as strange
            from points.entry_weight e
            where e.bucket = p_of_bucket and e.account_id > p_from and e.account_id <= p_to and e.recorded_at >= p_since
            group by e.account_id
        ), asked as materialized (
            select o.account_id, sum(o.weight) as told, bool_or(o.strange) as strange,
                bool_or(o.kind not in ('earn', 'spend', 'expire', 'activate', 'adjust') or o.rule = any (v_once)) as special
            from points.operation_weight o
            where o.bucket = p_of_bucket and o.account_id > p_from and o.account_id <= p_to and o.recorded_at >= p_since
            group by o.account_id
        ), used as materialized (
            select u.account_id, bool_or(u.large) as strange,
                sum((points.seq_weight(u.account_id, u.seq) - case when u.lot_seq >= b.first then points.seq_weight(u.account_id, u.lot_seq) else 0 end) * u.points)
                    filter (where not u.large) as taken
            from points.lot_use_weight u
            join booked b on b.account_id = u.account_id
            where u.bucket = p_of_bucket and u.account_id > p_from and u.account_id <= p_to and u.recorded_at >= p_since
            group by u.account_id
        )
        select coalesce(b.account_id, o.account_id), coalesce(b.entries, 0), b.first, b.last, b.goes_on,
            coalesce(o.told, 0) - coalesce(b.told, 0), coalesce(b.granted, 0) + coalesce(u.taken, 0),
            coalesce(b.strange, false) or coalesce(o.strange, false) or coalesce(u.strange, false), coalesce(o.special, false)
        from booked b
        full join asked o on o.account_id = b.account_id
        left join used u on u.account_id = b.account_id;
end
$$;

comment on function points.weigh_recorded(smallint, bigint, bigint, timestamptz) is
    'Sums up what was recorded since p_since of each account p_from < id <= p_to of a bucket, one read of each table: entries, the first and the last, goes_on as in points.entry_weight, told (what operations and entries say of one another, 0 if they agree), moved (what entries and uses leave in lots that are new, by weight), strange (something must be looked at by itself), special (an operation that more comes of).';
