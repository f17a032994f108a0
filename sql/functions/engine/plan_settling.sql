create or replace function points.plan_settling(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    update points.balance b
    set next_change_at = case
        -- What a merged account has goes on: points.forward.
        when b.merged and greatest(b.pending, b.available, b.debt) > 0 then p_now
        else coalesce(least(
            (select min(l.expires_at) from points.lot l where l.bucket = p_bucket and l.account_id = b.account_id),
            -- No index finds these among the account's lots.
            case when b.pending > 0 then (
                select min(l.available_at) from points.lot l where l.bucket = p_bucket and l.account_id = b.account_id and l.pending
            ) end,
            case when b.held > 0 then (
                select min(h.deadline) from points.hold h where h.bucket = p_bucket and h.account_id = b.account_id and h.closed_at is null
            ) end,
            case when b.level_ends_at > '-infinity' then b.level_ends_at end
        ), 'infinity')
    end
    where b.bucket = p_bucket and b.account_id = any (p_account_ids);
end
$$;

comment on function points.plan_settling(smallint, bigint[], timestamptz) is
    'Finds the next instant at which something is to be settled on these locked accounts, by their lots, holds and levels.';
