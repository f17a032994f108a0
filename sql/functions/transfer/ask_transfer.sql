create or replace function points.ask_transfer(p_bucket smallint, p_request api.request, p_now timestamptz) returns points.draft
language plpgsql stable as $$
declare
    v_fault text[] := points.transfer_fault(p_request);
    v_asked api.request := p_request;
    v_draft points.draft;
begin
    v_asked.kind := case
        when p_request.kind <> 'transfer' then p_request.kind
        when p_request.original is null then 'hold'
        else 'capture'
    end;
    v_asked.counterparty := null;
    v_draft := (points.receive(p_bucket, array[v_asked], p_now))[1];
    if v_fault is not null and v_draft.refusal is distinct from 'INVALID_INPUT' then
        v_draft.refusal := 'INVALID_INPUT';
        v_draft.refusal_detail := jsonb_build_object('path', v_fault[1], 'message', v_fault[2]);
    end if;
    v_draft.entry_kind := case when p_request.kind = 'reverse' then 'transfer' else points.entry_kind_of(p_request.kind) end;
    return v_draft;
end
$$;

comment on function points.ask_transfer(smallint, api.request, timestamptz) is
    'First stage of points.run_transfer: the draft of the sender''s leg, with its inputs and the client''s rights checked as those of the hold, capture, release or reversal that it comes to.';
