create or replace function points.check_owners(p_of_bucket smallint) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'rows_have_accounts', q.account_id, q.name, jsonb_build_object('rows', count(*))
        from (
            select a.id as account_id, 'account without balance' as name from points.account a where a.bucket = p_of_bucket
            union all select h.account_id, 'hold' from points.hold h where h.bucket = p_of_bucket
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
        select 'rows_have_accounts', b.account_id, 'account', jsonb_build_object('user_id_bucket', points.bucket(a.user_id, a.wallet))
        from points.balance b
        left join points.account a on a.bucket = p_of_bucket and a.id = b.account_id
        where b.bucket = p_of_bucket and a.id is null;
end
$$;

comment on function points.check_owners(smallint) is
    'Rows of a bucket whose account is not there: rows_have_accounts. Entries, operations and lot uses without one are found by their weight.';
