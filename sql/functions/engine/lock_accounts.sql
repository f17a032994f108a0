create or replace function points.lock_accounts(
    p_bucket smallint, p_drafts points.draft[], out settles_at timestamptz, out careful boolean, out merged bigint[], out kin boolean, out idle boolean
)
language plpgsql volatile as $$
declare
    v_closed boolean;
begin
    -- Who was decided by other levels than of now is settled first.
    select min(case when b.level_revision = (select p.level_revision from points.program p) then b.next_change_at else '-infinity' end), coalesce(bool_or(b.debt > 0 or b.has_returns or b.merged or b.invited), false), bool_or(b.closed),
        array_agg(b.account_id) filter (where b.merged), bool_or(b.merged or b.inherited is not null), coalesce(bool_or(b.active_on is not null), false)
    into settles_at, careful, v_closed, merged, kin, idle
    from (
        select b.account_id, b.next_change_at, b.level_revision, b.debt, b.has_returns, b.closed, b.merged, b.inherited, b.invited, b.active_on
        from points.balance b
        where b.bucket = p_bucket
            and b.account_id = any (array(select d.account_id from unnest(p_drafts) d where d.account_id is not null and d.refusal is null))
        order by b.account_id
        for no key update
    ) b;
    if v_closed then
        raise exception using errcode = 'serialization_failure', message = 'an account was erased while this waited for it; send it again';
    end if;
end
$$;

comment on function points.lock_accounts(smallint, points.draft[]) is
    'Locks the accounts of what is not refused yet, in id order, by their balances. From then on nobody else claims keys on them or moves their points. Returns the first instant at which one of them has something to settle, -infinity if levels were changed; whether one has a debt or returned orders, was merged, or was invited, so that what comes in may go on; those that were merged into others; and whether any was, or has others merged into it; and whether one has lots whose expiry activity puts off. Raises 40001 when one was erased meanwhile: nothing is done, and the same again finds the account that the member has now.';
