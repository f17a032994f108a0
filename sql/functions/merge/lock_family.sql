create or replace function points.lock_family(p_from_bucket smallint, p_draft points.draft, p_into_bucket smallint, p_into points.draft) returns void
language plpgsql volatile as $$
declare
    v_buckets smallint[] := array[p_from_bucket, coalesce(p_into_bucket, p_from_bucket)];
    v_drafts points.draft[] := array[p_draft, p_into];
    v_source record;
    v_member points.draft;
begin
    for v_source in
        select a.bucket, a.id from points.account a where a.into_bucket = p_from_bucket and a.into_id = p_draft.account_id and a.erased_at is null
    loop
        v_member.account_id := v_source.id;
        v_buckets := v_buckets || v_source.bucket;
        v_drafts := v_drafts || v_member;
    end loop;
    perform points.lock_pair(v_buckets, v_drafts);
    if cardinality(v_drafts) - 2 <> (
        select count(*) from points.account a where a.into_bucket = p_from_bucket and a.into_id = p_draft.account_id and a.erased_at is null)
    then
        raise exception using errcode = 'serialization_failure', message = 'an account was merged while this waited for it; send it again';
    end if;
end
$$;

comment on function points.lock_family(smallint, points.draft, smallint, points.draft) is
    'Locks both accounts of a merge, and those that were merged into the first before and not erased since, in the one order that all use. Raises 40001 when these have changed meanwhile.';
