create or replace function points.draft_lapsed(p_drafts points.draft[], p_now timestamptz) returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            null, d.account_id, api.operation_id(0, 'expire:' || d.seq + 1), 'expire', null, null, null, false, d.round,
            -d.moved, d.lot_expires_at, d.lot_source, d.lot_available_at, d.lot_expires_at,
            d.seq + 1, 0, -d.moved, 0, 0, d.pending_after, d.available_after - d.moved, d.held_after, d.debt_after, null, false, null, null, d.lot_idle
        )::points.draft
        from unnest(p_drafts) d
        where d.seq is not null and d.moved > 0 and d.undo is null and d.lot_expires_at <= p_now
        order by d.ord
    );
end
$$;

comment on function points.draft_lapsed(points.draft[], timestamptz) is
    'Drafts the expiry of each grant that has expired already, right behind it: points.admit leaves the seq free. So the next operation on the account finds nothing to settle.';
