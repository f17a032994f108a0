create or replace function points.close_reviews(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns void
language plpgsql volatile as $$
begin
    update points.lot l
    set available_at = r.available_at, expires_at = points.put_off_expiry(p_bucket, l.account_id, l.seq, l.idle, r.expires_at)
    from unnest(p_drafts) d
    join points.review r on r.bucket = p_bucket and r.account_id = d.account_id and r.operation_id = (p_requests[d.ord]).original
    where l.bucket = p_bucket and l.account_id = r.account_id and l.expires_at = r.deadline and l.seq = r.seq
        and d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'approve';

    update points.balance b
    set next_change_at = least(b.next_change_at, case when r.available_at > p_now then r.available_at else p_now end)
    from unnest(p_drafts) d
    join points.review r on r.bucket = p_bucket and r.account_id = d.account_id and r.operation_id = (p_requests[d.ord]).original
    where b.bucket = p_bucket and b.account_id = d.account_id
        and d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'approve';

    update points.review r
    set status = case when (p_requests[d.ord]).kind = 'approve' then 'approved'::points.review_status else 'rejected' end,
        closed_at = p_now, closed_by = d.operation_id
    from unnest(p_drafts) d
    where r.bucket = p_bucket and r.account_id = d.account_id and r.closed_at is null and d.round is not null and d.refusal is null
        and (r.operation_id = (p_requests[d.ord]).original and (p_requests[d.ord]).kind in ('approve', 'reject')
            or r.operation_id = d.undoes and d.seq is not null
                and points.reversible(p_bucket, r.account_id, r.operation_id, r.points) = 0);
    if found then
        perform points.note_reviews(p_bucket, array_agg(r.account_id), array_agg(r.operation_id), p_now)
        from unnest(p_drafts) d
        join points.review r on r.bucket = p_bucket and r.account_id = d.account_id and r.closed_by = d.operation_id;
    end if;
end
$$;

comment on function points.close_reviews(smallint, api.request[], points.draft[], timestamptz) is
    'Closes the reviews that were decided on, or whose award was undone whole by other ways. What is approved gets its own instants back; points.settle, which follows, makes it available if they have come.';
