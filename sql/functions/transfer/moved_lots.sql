create or replace function points.moved_lots(p_bucket smallint, p_draft points.draft, p_now timestamptz) returns points.lot_use[]
language plpgsql stable as $$
begin
    -- Where nothing pending is moved, all of it is available, even if the clock was set back since it came to be.
    return array(
        select row(u.account_id, u.seq, u.lot_seq, u.points, u.granted,
            case when p_draft.pending_delta = 0 then least(u.available_at, p_now) else u.available_at end, x.expires_at, u.recorded_at, u.bucket, u.lot_no, u.source, u.idle)::points.lot_use
        from (
            select p_draft.seq as seq, p_now as recorded_at
            where p_draft.undoes is null
            union all
            select h.seq, h.held_at
            from points.hold h
            where h.bucket = p_bucket and h.account_id = p_draft.account_id and h.id = p_draft.undoes
        ) e
        join points.lot_use u on u.bucket = p_bucket and u.account_id = p_draft.account_id and u.seq = e.seq and u.recorded_at = e.recorded_at
        cross join lateral points.put_off_expiry(p_bucket, u.account_id, u.seq, u.idle, u.expires_at) x(expires_at)
        order by x.expires_at, u.lot_seq, u.lot_no
    );
end
$$;

comment on function points.moved_lots(smallint, points.draft, timestamptz) is
    'What a transfer took from the sender''s lots, in burn order: by its own entry, or by the hold of the offer that was accepted, with the expiry that it would have by now.';
