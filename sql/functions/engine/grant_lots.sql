create or replace function points.grant_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at, idle)
    select b.bucket, d.account_id, d.seq, 0, d.moved, d.moved, d.pending_delta > 0, d.lot_source, d.lot_available_at, d.lot_expires_at, d.lot_idle
    from points.lane b
    -- Hangs on the lane, or the planner would read that for each row.
    cross join lateral unnest(case when b.bucket is not null then p_drafts end) d
    where b.bucket = p_bucket and d.seq is not null and d.moved > 0 and d.undo is null and d.lot_expires_at > p_now;
end
$$;

comment on function points.grant_lots(smallint, points.draft[], timestamptz) is
    'Opens a lot for each operation that grants points, unless they have expired already: see points.expire_grants.';
