create or replace function points.lock_pair(p_buckets smallint[], p_drafts points.draft[]) returns void
language plpgsql volatile as $$
declare
    v_bucket smallint;
begin
    foreach v_bucket in array array(select distinct b from unnest(p_buckets) b order by b) loop
        perform points.lock_accounts(
            v_bucket, array(select d.draft from (select unnest(p_buckets) as bucket, unnest(p_drafts) as draft) d where d.bucket = v_bucket));
    end loop;
end
$$;

comment on function points.lock_pair(smallint[], points.draft[]) is
    'Locks accounts of several buckets in the one order that all use, (bucket, account_id), so that no two transactions wait for each other. p_buckets: the bucket of each draft.';
