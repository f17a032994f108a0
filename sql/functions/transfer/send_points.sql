create or replace function points.send_points(
    p_bucket smallint, p_to_bucket smallint, p_to_id bigint, p_request api.request, p_draft points.draft, p_known boolean, p_pair_kind points.operation_kind,
    p_erased boolean, p_now timestamptz
) returns points.draft
language plpgsql volatile as $$
declare
    v_draft points.draft := p_draft;
begin
    perform points.settle(p_bucket, array[v_draft.account_id], p_now);
    if p_request.original is null then
        v_draft := points.limit_transfer(p_bucket, v_draft, p_now);
    elsif not p_known then
        v_draft.refusal := 'UNKNOWN_OPERATION';
    elsif p_request.kind = 'reverse' and (p_pair_kind <> 'transfer' or p_erased) then
        v_draft.refusal := 'NOT_REVERSIBLE';
        v_draft.refusal_detail := jsonb_build_object('kind', p_pair_kind, 'receiver_erased', p_erased);
    else
        v_draft := (points.draft_undo(p_bucket, array[v_draft]))[1];
    end if;
    if v_draft.refusal is null and v_draft.entry_kind <> 'release' and p_request.kind <> 'reverse' then
        v_draft := points.refuse_receiver(p_to_bucket, p_to_id, v_draft);
    end if;
    v_draft := (points.admit(p_bucket, array[v_draft]))[1];
    perform points.post(p_bucket, array[v_draft], p_now);
    if p_request.original is null and v_draft.seq is not null then
        perform points.count_transfer(p_bucket, v_draft, p_now);
    elsif p_request.kind = 'reverse' then
        perform points.note_reversals(p_bucket, array[v_draft]);
    else
        perform points.close_holds(p_bucket, array[v_draft], p_now);
    end if;
    return v_draft;
end
$$;

comment on function points.send_points(smallint, smallint, bigint, api.request, points.draft, boolean, points.operation_kind, boolean, timestamptz) is
    'The sender''s leg of a transfer, an offer, its end or a reversal: refused or booked. p_known, p_pair_kind: whether there is the operation that it is about, and its kind. p_erased: nobody is there to take it back from.';
