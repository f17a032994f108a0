create or replace function points.keep_days(p_bucket smallint, p_account_ids bigint[]) returns void
language plpgsql volatile as $$
begin
    delete from points.earned_day e where e.bucket = p_bucket and e.account_id = any (p_account_ids);
    insert into points.earned_day (bucket, account_id, day, points, inherited)
    select b.bucket, b.account_id, d.day, d.points, d.inherited
    from points.balance b
    cross join lateral points.ledger_days(b.bucket, b.account_id) d
    where b.bucket = p_bucket and b.account_id = any (p_account_ids);
end
$$;

comment on function points.keep_days(smallint, bigint[]) is
    'Writes points.earned_day of these locked accounts anew, from their operations.';
