create or replace function points.check_owners(p_of_bucket smallint) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'rows_have_accounts', q.account_id, q.name, jsonb_build_object('rows', count(*))
        from (
            select h.account_id, 'hold' as name from points.hold h where h.bucket = p_of_bucket
            union all select r.account_id, 'reversal' from points.reversal r where r.bucket = p_of_bucket
            union all select r.account_id, 'redemption' from points.redemption r where r.bucket = p_of_bucket
            union all select r.account_id, 'review' from points.review r where r.bucket = p_of_bucket
            union all select c.account_id, 'level_change' from points.level_change c where c.bucket = p_of_bucket
            union all select u.account_id, 'limit_use' from points.limit_use u where u.bucket = p_of_bucket
            union all select w.account_id, 'once_award' from points.once_award w where w.bucket = p_of_bucket
            union all select c.account_id, 'checkpoint' from points.checkpoint c where c.bucket = p_of_bucket
        ) q
        left join points.balance b on b.bucket = p_of_bucket and b.account_id = q.account_id
        where b.account_id is null
        group by q.account_id, q.name
        union all
        select 'rows_have_accounts', account_id, case when b.found then 'account' else 'account without balance' end, '{}'
        from (select b.account_id, true as found from points.balance b where b.bucket = p_of_bucket) b
        full join (select a.id as account_id, true as found from points.account a where a.bucket = p_of_bucket) a using (account_id)
        where b.found is null or a.found is null;
end
$$;

comment on function points.check_owners(smallint) is
    'Rows of a bucket whose account is not there: rows_have_accounts. Entries, operations and lot uses without one are found by their weight.';
