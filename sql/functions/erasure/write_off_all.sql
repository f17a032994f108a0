create or replace function points.write_off_all(p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_now timestamptz)
returns points.draft
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            null, b.account_id, p_operation_id, 'write_off', null, null, null, false, 1,
            b.debt - b.pending - b.available, p_now, null, null, null,
            case when greatest(b.pending, b.available, b.debt) > 0 then b.version + 1 end,
            -b.pending, -b.available, 0, -b.debt, 0, 0, b.held, 0, null, false, null, null
        )::points.draft
        from points.balance b
        where b.bucket = p_bucket and b.account_id = p_account_id
    );
    perform points.write_entries(p_bucket, v_drafts, p_now);

    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, recorded_at)
    select p_bucket, l.account_id, d.seq, l.seq, l.no, l.remaining, l.granted, l.source, l.available_at, l.expires_at, p_now
    from unnest(v_drafts) d
    join points.lot l on l.bucket = p_bucket and l.account_id = d.account_id;
    perform points.use_lots(
        p_bucket, array(select d from unnest(v_drafts) d where d.pending_delta + d.available_delta < 0), p_now);
    return v_drafts[1];
end
$$;

comment on function points.write_off_all(smallint, bigint, uuid, timestamptz) is
    'Writes off all that an account has, pending and available, and what it owes, by one entry. It holds nothing by then.';
