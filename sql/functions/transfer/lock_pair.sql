create or replace function points.lock_pair(p_buckets smallint[], p_drafts points.draft[]) returns void
language plpgsql volatile as $$
declare
    v_account record;
    v_locked bigint[];
begin
    for v_account in
        select distinct c.bucket, c.id
        from (select unnest(p_buckets) as bucket, unnest(p_drafts) as draft) d
        join points.account a on a.bucket = d.bucket and a.id = (d.draft).account_id
        cross join lateral (values (a.bucket, a.id), (a.into_bucket, a.into_id)) c(bucket, id)
        where (d.draft).refusal is null and c.id is not null
        order by c.bucket, c.id
    loop
        perform points.lock_accounts(v_account.bucket, array[v_account.id]);
        v_locked := v_locked || v_account.id;
    end loop;
    if exists (
        select from (select unnest(p_buckets) as bucket, unnest(p_drafts) as draft) d
        join points.account a on a.bucket = d.bucket and a.id = (d.draft).account_id
        where (d.draft).refusal is null and not a.into_id = any (v_locked)
    ) then
        raise exception using errcode = 'serialization_failure', message = 'an account was merged while this waited for it; send it again';
    end if;
end
$$;

comment on function points.lock_pair(smallint[], points.draft[]) is
    'Locks accounts of several buckets, and those that they were merged into, in the one order that all use, (bucket, account_id), so that no two transactions wait for each other. p_buckets: the bucket of each draft. Raises 40001 when one was merged meanwhile.';
