create or replace function points.plan_settling(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    update points.balance b
    set next_change_at = case
        -- What a merged account has goes on: points.forward.
        when b.merged and greatest(b.pending, b.available, b.debt) > 0 then p_now
        else coalesce(least((
        select min(case when l.pending then l.available_at else l.expires_at end)
        from points.lot l
        where l.bucket = p_bucket and l.account_id = b.account_id
    ), (
        select min(h.deadline)
        from points.hold h
        where h.bucket = p_bucket and h.account_id = b.account_id and h.closed_at is null
    ), case when b.level_ends_at > '-infinity' then b.level_ends_at end), 'infinity')
    end
    where b.bucket = p_bucket and b.account_id = any (p_account_ids);
end
$$;

comment on function points.plan_settling(smallint, bigint[], timestamptz) is
    'Finds the next instant at which something is to be settled on these locked accounts, by their lots, holds and levels.';
