create or replace function points.reach_receiver(
    p_from_bucket smallint, p_to_bucket smallint, p_to_id bigint, p_request api.request, p_from points.draft, p_taken_by uuid, p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_asked api.request;
    v_to points.draft;
begin
    if p_request.kind = 'reverse' then
        v_to := points.claw_received(p_to_bucket, p_to_id, p_taken_by, p_now);
        v_asked := row('reverse', null, null, 0, 'reverse:' || v_to.seq, null, null, null, p_taken_by, null, null, null, null, null, null, null, null, null, null)::api.request;
    else
        v_to := points.receive_points(
            p_to_bucket, p_to_id, 'transfer', api.operation_id(0, format('receive:%s:%s', p_from.account_id, p_from.operation_id)),
            points.moved_lots(p_from_bucket, p_from, p_now), 0, p_now);
        v_asked := row('receive', null, null, 0, format('receive:%s:%s', p_from.account_id, p_from.operation_id),
            null, null, null, p_from.operation_id, null, null, null, null, null, null, null, null, null, null)::api.request;
    end if;
    perform points.record_transfer(p_to_bucket, v_asked, v_to, p_from_bucket, p_from.account_id, p_now);
    perform points.settle(p_to_bucket, array[p_to_id], p_now);
    perform points.repay(p_to_bucket, array[p_to_id], p_now);
    perform points.forward(p_to_bucket, array[p_to_id], p_now);
end
$$;

comment on function points.reach_receiver(smallint, smallint, bigint, api.request, points.draft, uuid, timestamptz) is
    'The receiver''s leg, once the sender''s is booked: an operation of Jifen''s own, receive or reverse, and what follows of it.';
