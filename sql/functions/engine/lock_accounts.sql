create or replace function points.lock_accounts(p_bucket smallint, p_drafts points.draft[]) returns timestamptz
language plpgsql volatile as $$
begin
    return (
        select min(b.next_change_at)
        from (
            select b.next_change_at
            from points.balance b
            where b.bucket = p_bucket
                and b.account_id = any (array(select d.account_id from unnest(p_drafts) d where d.account_id is not null))
            order by b.account_id
            for no key update
        ) b
    );
end
$$;

comment on function points.lock_accounts(smallint, points.draft[]) is
    'Locks the accounts in id order, by their balances. From then on nobody else claims keys on them or moves their points. Returns the first instant at which one of them has something to settle.';
