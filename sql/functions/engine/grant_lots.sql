create or replace function points.grant_lots(p_bucket smallint, p_drafts points.draft[]) returns void
language plpgsql volatile as $$
begin
    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at)
    select a.bucket, d.account_id, d.seq, 0, d.moved, d.moved, d.pending_delta > 0, d.lot_source, d.lot_available_at, d.lot_expires_at
    from unnest(p_drafts) d
    join points.account a on a.bucket = p_bucket and a.id = d.account_id
    where d.seq is not null and d.moved > 0;
end
$$;

comment on function points.grant_lots(smallint, points.draft[]) is
    'Opens a lot for each operation that grants points.';
