create or replace function points.repay(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            null, b.account_id, api.operation_id(0, 'repay:' || b.version + 1), 'repay', null, null, null, false, 1,
            -r.points, p_now, null, null, null,
            b.version + 1, 0, -r.points, 0, -r.points,
            b.pending, b.available - r.points, b.held, b.debt - r.points, null, false, null, null, null
        )::points.draft
        from points.balance b
        cross join lateral (select least(b.debt, b.available)::bigint as points) r
        where b.bucket = p_bucket and b.account_id = any (p_account_ids) and r.points > 0
        order by b.account_id
    );
    if v_drafts = '{}' then
        return;
    end if;

    perform points.write_entries(p_bucket, v_drafts, p_now);
    perform points.record_due(p_bucket, v_drafts, p_now);
    perform points.burn_lots(p_bucket, v_drafts, p_now);
end
$$;

comment on function points.repay(smallint, bigint[], timestamptz) is
    'Pays the debt of these locked accounts from what is available. So an account never has both.';
