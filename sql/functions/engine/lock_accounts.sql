create or replace function points.lock_accounts(p_bucket smallint, p_drafts points.draft[]) returns void
language plpgsql volatile as $$
begin
    perform a.id
    from points.account a
    where a.bucket = p_bucket
        and a.id = any (array(select d.account_id from unnest(p_drafts) d where d.account_id is not null))
    order by a.id
    for no key update;
end
$$;

comment on function points.lock_accounts(smallint, points.draft[]) is
    'Locks the accounts in id order. From then on nobody else claims keys on them or moves their points.';
