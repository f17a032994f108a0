create or replace function points.settle_until(
    p_bucket smallint, p_account_ids bigint[], p_until timestamptz, p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    perform points.release_due(p_bucket, p_account_ids, p_now, p_until);
    v_drafts := points.draft_due(p_bucket, p_account_ids, p_until);
    perform points.write_entries(p_bucket, v_drafts, p_now);

    perform points.record_due(p_bucket, v_drafts, p_now);

    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select p_bucket, l.account_id, d.seq, l.seq, l.no, l.remaining, l.granted, l.source, l.available_at, l.expires_at, l.idle, p_now
    from unnest(v_drafts) d
    join points.lot l on l.bucket = p_bucket and l.account_id = d.account_id and l.expires_at = d.happened_at
    where d.entry_kind = 'expire';

    delete from points.lot l
    where l.bucket = p_bucket and l.account_id = any (p_account_ids) and l.expires_at <= p_until;

    if exists (select from unnest(v_drafts) d where d.entry_kind = 'activate') then
        update points.lot l set pending = false
        where l.bucket = p_bucket and l.account_id = any (p_account_ids) and l.pending and l.available_at <= p_until;
    end if;

    perform points.plan_settling(p_bucket, p_account_ids, p_now);
    perform points.repay(p_bucket, p_account_ids, p_now);
end
$$;

comment on function points.settle_until(smallint, bigint[], timestamptz, timestamptz) is
    'Books what becomes available or expires on these locked accounts up to p_until, and releases holds that end: an entry, with an operation of Jifen''s own, for each instant and hold; then pays debts. Step of points.settle.';
