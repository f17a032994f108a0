create or replace function points.seal_to(p_of_bucket smallint, p_from bigint, p_since timestamptz) returns bigint
language plpgsql stable set enable_seqscan = off set plan_cache_mode = force_custom_plan as $$
declare
    v_last bigint;
    v_more boolean;
begin
    select max(q.account_id) filter (where q.place <= 65536 and q.before < 200000), bool_or(q.place > 65536) or sum(q.entries) > 200000
    into v_last, v_more
    from (
        select c.account_id, c.entries, row_number() over w as place, sum(c.entries) over w - c.entries as before
        from (
            -- What of them is sealed already is not looked up twice.
            select e.account_id, count(*)::int as entries
            from (
                select e.account_id
                from points.entry e
                where e.bucket = p_of_bucket and e.account_id > p_from and e.recorded_at >= p_since
                order by e.account_id
                limit 200001
            ) e
            group by e.account_id
            order by e.account_id
            limit 65537
        ) c
        window w as (order by c.account_id)
    ) q;
    return case when v_more then v_last else 9223372036854775807 end;
end
$$;

comment on function points.seal_to(smallint, bigint, timestamptz) is
    'The account up to which 65,536 accounts after p_from have entries recorded since p_since, or these have 200,000 of them, about, sealed or not; 2^63 - 1: all. So a step is short, and what is new is not read again for each few of it.';
