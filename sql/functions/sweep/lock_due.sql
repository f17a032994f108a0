create or replace function points.lock_due(p_bucket smallint, p_limit int, p_from timestamptz, p_now timestamptz) returns bigint[]
language plpgsql volatile as $$
declare
    v_account_ids bigint[];
begin
    v_account_ids := array(
        select b.account_id from points.balance b
        -- infinity by name, or the planner does not see that the partial index holds all of them.
        where b.bucket = p_bucket and b.next_change_at between p_from and p_now and b.next_change_at < 'infinity'
        -- By nothing else: of a million that are due at one instant all would be read for it.
        order by b.next_change_at
        limit p_limit
        for no key update skip locked
    );
    return points.lock_heirs(array(
        select a from points.account a where a.bucket = p_bucket and a.id = any (v_account_ids)
    ));
end
$$;

comment on function points.lock_due(smallint, int, timestamptz, timestamptz) is
    'Locks some accounts of the bucket on which something has been due since p_from or later, the longest due first, and returns them. What somebody else has locked is left out, so it waits for nobody: whoever holds the lock settles it.';
