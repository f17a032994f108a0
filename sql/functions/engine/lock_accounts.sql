create or replace function points.lock_accounts(
    p_bucket smallint, p_account_ids bigint[], out settles_at timestamptz, out careful boolean, out merged bigint[], out kin boolean, out idle boolean,
    out accounts bigint
)
language plpgsql volatile as $$
declare
    v_odd boolean;
    v_closed boolean;
begin
    -- Who was decided by other levels than of now is settled first.
    select min(case when b.level_revision = (select p.level_revision from points.program p) then b.next_change_at else '-infinity' end),
        bool_or(b.debt > 0 or b.has_returns or b.merged or b.invited or b.closed or b.inherited is not null or b.active_on is not null), count(*)
    into settles_at, v_odd, accounts
    from (
        select b.next_change_at, b.level_revision, b.debt, b.has_returns, b.closed, b.merged, b.inherited, b.invited, b.active_on
        from points.balance b
        where b.bucket = p_bucket and b.account_id = any (p_account_ids)
        order by b.account_id
        for no key update
    ) b;
    careful := false;
    kin := false;
    idle := false;
    if v_odd then
        select bool_or(b.debt > 0 or b.has_returns or b.merged or b.invited), bool_or(b.closed),
            array_agg(b.account_id) filter (where b.merged), bool_or(b.merged or b.inherited is not null), bool_or(b.active_on is not null)
        into careful, v_closed, merged, kin, idle
        from points.balance b
        where b.bucket = p_bucket and b.account_id = any (p_account_ids);
    end if;
    if v_closed then
        raise exception using errcode = 'serialization_failure', message = 'an account was erased while this waited for it; send it again';
    end if;
end
$$;

comment on function points.lock_accounts(smallint, bigint[]) is
    'Locks accounts, in id order, by their balances. From then on nobody else claims keys on them or moves their points. Returns the first instant at which one of them has something to settle, -infinity if levels were changed; whether one has a debt or returned orders, was merged, or was invited, so that what comes in may go on; those that were merged into others; and whether any was, or has others merged into it; whether one has lots whose expiry activity puts off; and how many there are. Raises 40001 when one was erased meanwhile: nothing is done, and the same again finds the account that the member has now.';
