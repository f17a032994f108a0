create or replace function points.move_all(
    p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint, p_request api.request, p_now timestamptz
) returns points.draft
language plpgsql volatile as $$
declare
    v_asked api.request := p_request;
    v_from points.draft;
    v_into points.draft;
begin
    v_from := points.take_all(
        p_from_bucket, p_from_id, 'merge', api.operation_id(p_request.client_id, p_request.idempotency_key), p_now);
    v_from.moved := v_from.pending_delta + v_from.available_delta;

    v_asked.client_id := 0;
    v_asked.idempotency_key := format('%s:%s:%s', p_request.kind, p_from_id, v_from.seq);
    v_into := points.receive_points(
        p_into_bucket, p_into_id, 'merge', api.operation_id(0, v_asked.idempotency_key),
        points.moved_lots(p_from_bucket, v_from, p_now), -v_from.debt_delta, p_now);
    perform points.inherit(p_into_bucket, p_into_id, v_into.seq, p_now);
    perform points.record_transfer(p_from_bucket, p_request, v_from, p_into_bucket, p_into_id, p_now);
    perform points.record_transfer(p_into_bucket, v_asked, v_into, p_from_bucket, p_from_id, p_now);

    perform points.repay(p_into_bucket, array[p_into_id], p_now);
    v_into.debt_delta := (
        select least(v_into.debt_delta, b.debt) from points.balance b
        where b.bucket = p_into_bucket and b.account_id = p_into_id and (select p.debt_policy = 'clamp' from points.program p)
    );
    perform points.write_off(p_into_bucket, array[v_into], p_now);
    return v_from;
end
$$;

comment on function points.move_all(smallint, bigint, smallint, bigint, api.request, timestamptz) is
    'Moves all that one account has and owes to another, lot by lot, by one entry of each; what it holds stays. Both are settled and locked. p_request, merge or forward, is the operation of the first; the second gets one of Jifen''s own. Debt is repaid at once from what both have, and policy clamp forgives what then remains of it.';
