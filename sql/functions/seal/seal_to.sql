create or replace function points.seal_to(p_of_bucket smallint, p_from bigint, p_since timestamptz) returns bigint
language plpgsql stable set enable_seqscan = off set plan_cache_mode = force_custom_plan as $$
declare
    v_last bigint;
    v_next bigint;
begin
    select max(q.account_id) filter (where q.place <= 16384 and q.before < 200000), min(q.account_id) filter (where q.place > 16384 or q.before >= 200000)
    into v_last, v_next
    from (
        select c.account_id, row_number() over w as place, sum(c.entries) over w - c.entries as before
        from (
            select a.account_id, a.last - coalesce(h.seq, 0) as entries
            from (
                select e.account_id, max(e.seq) as last
                from points.entry e
                where e.bucket = p_of_bucket and e.account_id > p_from and e.recorded_at >= p_since
                group by e.account_id
            ) a
            left join lateral (
                select l.seq from points.seal_leaf l where l.bucket = p_of_bucket and l.account_id = a.account_id order by l.number desc limit 1
            ) h on true
            where a.last > coalesce(h.seq, 0)
            order by a.account_id
            limit 16385
        ) c
        window w as (order by c.account_id)
    ) q;
    return case when v_next is null then 9223372036854775807 else v_last end;
end
$$;

comment on function points.seal_to(smallint, bigint, timestamptz) is
    'The account up to which 16,384 accounts after p_from or 200,000 of their entries, about, are not sealed, of those with an entry recorded since p_since; 2^63 - 1: all. So a step is short, and what is new is not read again for each few of it.';
