create or replace function points.check_rest(p_full boolean, p_now timestamptz) returns points.finding[]
language plpgsql stable
set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off as $$
declare
    v_found points.finding[];
begin
    v_found := array(select f from points.check_house(p_now) f);
    if p_full then
        v_found := v_found || array(select f from points.check_stock() f) || array(select f from points.check_months() f)
            || array(select f from points.check_outbox() f)
            || array(
                select row('transfers_sum_to_zero', null, q.wallet, jsonb_build_object('points', q.points))::points.finding
                from (
                    select a.wallet, sum(b.transferred) as points
                    from points.balance b
                    join points.account a on a.bucket = b.bucket and a.id = b.account_id
                    where b.transferred <> 0
                    group by a.wallet
                ) q
                where q.points <> 0
            );
    end if;
    return v_found;
end
$$;

comment on function points.check_rest(boolean, timestamptz) is
    'What is in no bucket: partitions, guards and settings; and, p_full, stocks, budgets, archived months, the outbox, and whether what members have sent others have received.';
