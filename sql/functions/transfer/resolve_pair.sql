create or replace function points.resolve_pair(
    p_from_bucket smallint, p_to_bucket smallint, p_request api.request, p_from points.draft, p_now timestamptz
) returns points.draft[]
language plpgsql volatile as $$
declare
    v_from points.draft := p_from;
    v_to points.draft;
    v_receiver api.request := p_request;
begin
    v_receiver.user_id := p_request.counterparty;
    v_to := (points.find_accounts(p_to_bucket, array[v_receiver], array[null::points.draft]))[1];
    if (p_from_bucket, p_request.user_id) < (p_to_bucket, p_request.counterparty) then
        v_from := (points.resolve(p_from_bucket, array[p_request], array[v_from], p_now))[1];
        v_to := (points.resolve(p_to_bucket, array[v_receiver], array[v_to], p_now))[1];
    else
        v_to := (points.resolve(p_to_bucket, array[v_receiver], array[v_to], p_now))[1];
        v_from := (points.resolve(p_from_bucket, array[p_request], array[v_from], p_now))[1];
    end if;
    return array[v_from, v_to];
end
$$;

comment on function points.resolve_pair(smallint, smallint, api.request, points.draft, timestamptz) is
    'Makes the accounts of sender and receiver that are missing, by (bucket, user_id), so that opposite transfers between new members don''t deadlock. Returns both drafts.';
