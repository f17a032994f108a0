create or replace function points.changed_to(p_of_bucket smallint, p_from bigint, p_since timestamptz, p_limit int) returns bigint
language plpgsql stable set enable_seqscan = off set plan_cache_mode = force_custom_plan as $$
declare
    v_last bigint;
    v_sum numeric;
begin
    select max(q.account_id) filter (where q.sum - q.count < p_limit), max(q.sum) into v_last, v_sum
    from (
        select e.account_id, count(*), sum(count(*)) over (order by e.account_id) as sum
        from points.entry e
        where e.bucket = p_of_bucket and e.account_id > p_from and e.recorded_at >= p_since
        group by e.account_id
    ) q;
    return case when v_sum > p_limit then v_last else 9223372036854775807 end;
end
$$;

comment on function points.changed_to(smallint, bigint, timestamptz, int) is
    'The account up to which p_limit entries, about, were recorded since p_since; 2^63 - 1: all.';
