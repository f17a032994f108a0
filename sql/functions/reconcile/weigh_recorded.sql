create or replace function points.weigh_recorded(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamptz)
returns table (
    bucket smallint, account_id bigint, entries bigint, first bigint, last bigint, goes_on bigint, told bigint, moved numeric, large boolean,
    pending float8, available float8, level_seq bigint, level text
)
language plpgsql stable rows 10000
set enable_seqscan = off set enable_indexscan = off set enable_nestloop = off set enable_hashjoin = on set enable_sort = on set random_page_cost = 0 set seq_page_cost = 0 set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_all boolean := p_from < 0 and p_to = 9223372036854775807;
begin
    return query
        with booked as materialized (
            select e.account_id, e.bucket, count(*) as entries, min(e.seq) as first, max(e.seq) as last, bit_xor(e.goes_on) as goes_on, bit_xor(e.told) as told,
                sum(e.granted) as granted, bool_or(e.large) as large,
                bool_and(e.gains) as gains, sum(e.pending_delta::float8) as pending, sum(e.available_delta::float8) as available
            from (
                select e.account_id, e.bucket, e.seq, e.before_hash # e.after_hash as goes_on, e.told,
                    case when not e.large then points.seq_weight(e.account_id, e.seq) * e.granted end as granted, e.large,
                    e.gains, e.pending_delta, e.available_delta
                from points.entry_weight e
                -- By its time: the key is of use for a range of accounts alone.
                where (v_all or e.bucket = any (p_buckets) and e.account_id > p_from and e.account_id <= p_to)
                    and e.bucket + 0 = any (p_buckets) and e.recorded_at >= p_since
                -- So that the next one is looked up in pages of an index that the last one was found in.
                order by e.bucket, e.account_id
                offset 0
            ) e
            group by e.bucket, e.account_id
        ), used as materialized (
            select u.account_id, u.bucket, bool_or(u.large) as large,
                sum((points.seq_weight(u.account_id, u.seq) - case when u.lot_seq >= b.first then points.seq_weight(u.account_id, u.lot_seq) else 0 end) * u.points)
                    filter (where not u.large) as taken
            from points.lot_use_weight u
            join booked b on b.account_id = u.account_id and b.bucket = u.bucket
            where (v_all or u.bucket = any (p_buckets) and u.account_id > p_from and u.account_id <= p_to)
                and u.bucket + 0 = any (p_buckets) and u.recorded_at >= p_since
            group by u.account_id, u.bucket
        ), changed as materialized (
            -- One look-up of many ids, which costs an eighth of as many look-ups.
            select distinct on (c.account_id, k.bucket) c.account_id, k.bucket, c.seq, c.level
            from (select b.bucket, array_agg(b.account_id) as ids from booked b group by b.bucket) k
            cross join lateral (
                select c.account_id, c.seq, c.no, c.level from points.level_change c where c.bucket = k.bucket and c.account_id = any (k.ids) offset 0
            ) c
            order by c.account_id, k.bucket, c.seq desc, c.no desc
        )
        select b.bucket, b.account_id, b.entries, b.first, b.last, b.goes_on, b.told,
            coalesce(b.granted + u.taken, b.granted, u.taken, 0), b.large or coalesce(u.large, false),
            case when b.gains and u.account_id is null then b.pending end, case when b.gains and u.account_id is null then b.available end, c.seq, c.level
        from booked b
        left join used u on u.account_id = b.account_id and u.bucket = b.bucket
        left join changed c on c.account_id = b.account_id and c.bucket = b.bucket;
end
$$;

comment on function points.weigh_recorded(smallint[], bigint, bigint, timestamptz) is
    'Sums up the entries and lot uses recorded since p_since of each account p_from < id <= p_to of some buckets, in their order, one read of each table: entries, the first and the last, goes_on (of the hashes of the pockets before and after them, all but the ends cancel out where each goes on from the one before), told (what they say of their operations), moved (what entries and uses leave in lots that are new, by weight), large (some row must be looked at by itself); pending and available (what its pockets gained, where nothing was taken from any pocket or lot; null: something was); and the last change of its level: level_seq, level.';
