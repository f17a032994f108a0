create or replace function points.claw_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_debits points.draft[];
begin
    v_debits := array(
        select d from unnest(p_drafts) d
        where d.seq is not null and (d.undo).points = 0 and d.pending_delta + d.available_delta < 0
    );
    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select p_bucket, d.account_id, d.seq, l.seq, l.no, least(l.remaining, -(d.pending_delta + d.available_delta) - l.before),
        l.granted, l.source, l.available_at, l.expires_at, l.idle, p_now
    from unnest(v_debits) d
    cross join lateral (
        select l.*,
            sum(l.remaining) over (order by (l.seq = (d.undo).seq) desc, l.expires_at, l.seq, l.no) - l.remaining as before
        from points.lot l
        where l.bucket = p_bucket and l.account_id = d.account_id and (l.seq = (d.undo).seq or not l.pending)
    ) l
    where l.before < -(d.pending_delta + d.available_delta);

    perform points.use_lots(p_bucket, v_debits, p_now);
end
$$;

comment on function points.claw_lots(smallint, points.draft[], timestamptz) is
    'Takes the points of each clawback: from the lot that its original granted, pending or not, and then as a debit does.';
