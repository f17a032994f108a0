create or replace function points.check_rest(p_kind points.chunk_kind, p_now timestamptz, out findings points.finding[], out checks text[])
language plpgsql stable
set enable_seqscan = on set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off as $$
begin
    if p_kind = 'stock' then
        checks := array['stock_equals_redemptions', 'transfers_sum_to_zero'];
        findings := array(select f from points.check_stock() f) || array(
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
    elsif p_kind = 'months' then
        checks := array['archive_is_whole'];
        findings := array(select f from points.check_months() f);
    elsif p_kind = 'outbox' then
        checks := array['outbox_tells_what_is'];
        findings := array(select f from points.check_outbox() f);
    else
        checks := array['guards_are_in_place', 'partitions_are_there', 'program_knows_its_rules'];
        findings := array(select f from points.check_house(p_now) f);
    end if;
end
$$;

comment on function points.check_rest(points.chunk_kind, timestamptz) is
    'What is in no bucket. stock: stocks, budgets, and whether what members have sent others have received; months: archived ones; outbox; rest: partitions, guards and settings. checks: what was looked for.';
