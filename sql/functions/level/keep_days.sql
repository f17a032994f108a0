create or replace function points.keep_days(p_bucket smallint, p_account_ids bigint[]) returns void
language plpgsql volatile as $$
begin
    delete from points.earned_day e where e.bucket = p_bucket and e.account_id = any (p_account_ids);
    insert into points.earned_day (bucket, account_id, day, points, inherited)
    select a.bucket, a.id, d.day, d.points, d.inherited
    from points.account a
    join points.wallet w on w.code = a.wallet and w.level_measure <> 'ever'
    cross join lateral points.ledger_days(a.bucket, a.id) d
    where a.bucket = p_bucket and a.id = any (p_account_ids);
end
$$;

comment on function points.keep_days(smallint, bigint[]) is
    'Writes points.earned_day of these locked accounts from their operations, if the levels of their wallet go by periods, or else clears it.';
