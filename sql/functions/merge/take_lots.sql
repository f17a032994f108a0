create or replace function points.take_lots(p_bucket smallint, p_drafts points.draft[], p_seqs bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select p_bucket, l.account_id, d.seq, l.seq, l.no, l.remaining, l.granted, l.source, l.available_at, l.expires_at, l.idle, p_now
    from unnest(p_drafts) d
    join points.lot l on l.bucket = p_bucket and l.account_id = d.account_id and (p_seqs is null or l.seq = any (p_seqs));
    perform points.use_lots(
        p_bucket, array(select d from unnest(p_drafts) d where d.pending_delta + d.available_delta < 0), p_now);
end
$$;

comment on function points.take_lots(smallint, points.draft[], bigint[], timestamptz) is
    'Uses up lots of these accounts, pending or not: all of them, or those that the entries p_seqs granted.';
