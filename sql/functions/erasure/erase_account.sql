create or replace function points.erase_account(p_bucket smallint, p_account_id bigint, p_request api.request, p_now timestamptz)
returns bigint
language plpgsql volatile as $$
declare
    v_draft points.draft;
begin
    perform points.settle(p_bucket, array[p_account_id], p_now);
    perform points.release_due(p_bucket, array[p_account_id], p_now, 'infinity');
    perform points.settle(p_bucket, array[p_account_id], p_now);
    v_draft := points.take_all(
        p_bucket, p_account_id, 'write_off', api.operation_id(p_request.client_id, p_request.idempotency_key), p_now);

    insert into points.operation (
        bucket, account_id, id, client_id, idempotency_key, kind, points, seq, detail, reason, actor, recorded_at)
    select b.bucket, b.account_id, v_draft.operation_id, p_request.client_id, p_request.idempotency_key, 'erase', v_draft.moved, v_draft.seq,
        jsonb_build_object('pending', -v_draft.pending_delta, 'available', -v_draft.available_delta, 'debt', -v_draft.debt_delta),
        p_request.reason, p_request.actor, p_now
    from points.balance b
    where b.bucket = p_bucket and b.account_id = p_account_id;

    update points.review r
    set status = 'rejected', closed_at = p_now, closed_by = v_draft.operation_id
    where r.bucket = p_bucket and r.account_id = p_account_id and r.closed_at is null;
    if found then
        perform points.note_reviews(p_bucket, array_agg(r.account_id), array_agg(r.operation_id), p_now)
        from points.review r
        where r.bucket = p_bucket and r.account_id = p_account_id and r.closed_by = v_draft.operation_id;
    end if;
    delete from points.origin_award e where e.account_bucket = p_bucket and e.account_id = p_account_id;
    update points.account a set user_id = null, erased_at = p_now where a.bucket = p_bucket and a.id = p_account_id;
    update points.balance b
    set closed = true, next_change_at = 'infinity', level_ends_at = 'infinity'
    where b.bucket = p_bucket and b.account_id = p_account_id;
    perform points.announce(p_bucket, p_account_id::text);
    return -v_draft.pending_delta - v_draft.available_delta;
end
$$;

comment on function points.erase_account(smallint, bigint, api.request, timestamptz) is
    'Takes the member''s name from a locked account for ever: its holds are released, its points and debt written off, and an operation erase says why. Returns the points written off.';
