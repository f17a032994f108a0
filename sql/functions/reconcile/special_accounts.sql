create or replace function points.special_accounts(p_of_bucket smallint) returns bigint[]
language plpgsql stable as $$
begin
    return array(
        select h.account_id from points.hold h where h.bucket = p_of_bucket
        union select r.account_id from points.redemption r where r.bucket = p_of_bucket
        union select r.account_id from points.reversal r where r.bucket = p_of_bucket
        union select q.account_id from points.quota_use q where q.bucket = p_of_bucket
        union select c.account_id from points.coupon c where c.redemption_bucket = p_of_bucket
        union select s.account_id from points.sign_in s where s.bucket = p_of_bucket
        union select r.account_id from points.review r where r.bucket = p_of_bucket
        union select n.account_id from points.invitation n where n.bucket = p_of_bucket
        union select a.id from points.account a where a.bucket = p_of_bucket and a.into_id is not null
        union select m.into_id from points.account m where m.into_bucket = p_of_bucket and m.into_id is not null
        union select g.account_id from points.task_progress g where g.bucket = p_of_bucket and g.claimed_at is not null
    );
end
$$;

comment on function points.special_accounts(smallint) is
    'Accounts with rows of which the sums know nothing: holds, redemptions, reversals, reviews, invitations, merges, quotas, codes, sign-ins, tasks that were paid.';
