create or replace function points.expire_grants(p_bucket smallint, p_lapsed points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    perform points.record_due(p_bucket, p_lapsed, p_now);

    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select p_bucket, d.account_id, d.seq, d.seq - 1, 0, -d.moved, -d.moved, d.lot_source, d.lot_available_at, d.lot_expires_at, d.lot_idle, p_now
    from unnest(p_lapsed) d
    join points.lane b on b.bucket = p_bucket;
end
$$;

comment on function points.expire_grants(smallint, points.draft[], timestamptz) is
    'Keeps what points.draft_lapsed drafted: operations of Jifen''s own, and lots that are used up as they are granted.';
