create or replace function points.settle(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_levels bigint[];
    v_due bigint[];
    v_drafts points.draft[];
begin
    select array_agg(b.account_id) filter (where b.next_change_at <= p_now),
        array_agg(b.account_id) filter (where b.level_revision <> p.level_revision or b.level_ends_at > '-infinity' and b.level_ends_at <= p_now)
    into v_due, v_levels
    from points.balance b
    cross join points.program p
    where b.bucket = p_bucket and b.account_id = any (p_account_ids) and not b.closed;
    if v_levels is not null then
        perform points.decide_levels(p_bucket, v_levels, p_now);
    end if;
    if v_due is null then
        return;
    end if;

    perform points.release_due(p_bucket, v_due, p_now);
    v_drafts := points.draft_due(p_bucket, v_due, p_now);
    perform points.write_entries(p_bucket, v_drafts, p_now);

    perform points.record_due(p_bucket, v_drafts, p_now);

    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, recorded_at)
    select p_bucket, l.account_id, d.seq, l.seq, l.no, l.remaining, l.granted, l.source, l.available_at, l.expires_at, p_now
    from unnest(v_drafts) d
    join points.lot l on l.bucket = p_bucket and l.account_id = d.account_id and l.expires_at = d.happened_at
    where d.entry_kind = 'expire';

    delete from points.lot l
    where l.bucket = p_bucket and l.account_id = any (v_due) and l.expires_at <= p_now;

    update points.lot l set pending = false
    where l.bucket = p_bucket and l.account_id = any (v_due) and l.pending and l.available_at <= p_now;

    update points.balance b
    set next_change_at = coalesce(least((
        select min(case when l.pending then l.available_at else l.expires_at end)
        from points.lot l
        where l.bucket = p_bucket and l.account_id = b.account_id
    ), (
        select min(h.deadline)
        from points.hold h
        where h.bucket = p_bucket and h.account_id = b.account_id and h.closed_at is null
    ), case when b.level_ends_at > '-infinity' then b.level_ends_at end), 'infinity')
    where b.bucket = p_bucket and b.account_id = any (v_due);
    perform points.repay(p_bucket, v_due, p_now);
end
$$;

comment on function points.settle(smallint, bigint[], timestamptz) is
    'Books what has become available or expired on these locked accounts by p_now, and releases holds that have ended, by an entry, with an operation of Jifen''s own, for each instant and hold; and decides levels that have ended or were changed. After it what is booked is true.';
