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
    v_draft := (points.receive(p_bucket, array[v_asked], p_now, false))[1];
    if p_request.client_id = 2 and p_request.kind not in ('transfer', 'hold', 'release') and v_draft.refusal is distinct from 'INVALID_INPUT' then
        v_draft.refusal := 'FORBIDDEN';
        v_draft.refusal_detail := jsonb_build_object('scope', points.scope_of(p_request.kind));
    end if;
    if p_request.client_id = 2 and p_request.original is not null and p_request.counterparty is not null then
        -- Who answers an offer has keys of his own: they must not meet those of the giver, or of others who answer.
        v_draft.operation_id := api.operation_id(2, p_request.idempotency_key || chr(10) || p_request.counterparty);
        -- Nor may he leave anything on an account that has offered him nothing.
        if v_draft.refusal is null and not exists (
            select from points.operation o
            where o.bucket = p_bucket and o.account_id = v_draft.account_id and o.id = p_request.original and o.kind = 'hold'
                and points.user_id_of(o.counterparty_bucket, o.counterparty_id) = p_request.counterparty
        ) then
            v_draft.refusal := 'UNKNOWN_OPERATION';
        end if;
    end if;
    if v_fault is not null and v_draft.refusal is distinct from 'INVALID_INPUT' then
        v_draft.refusal := 'INVALID_INPUT';
        v_draft.refusal_detail := jsonb_build_object('path', v_fault[1], 'message', v_fault[2]);
    end if;
    v_draft.entry_kind := case when p_request.kind = 'reverse' then 'transfer' else points.entry_kind_of(p_request.kind) end;
    return v_draft;
end
$$;

comment on function points.ask_transfer(smallint, api.request, timestamptz) is
    'First stage of points.run_transfer: the draft of the sender''s leg, with its inputs and the client''s rights checked as those of the hold, capture, release or reversal that it comes to. UNKNOWN_OPERATION for a member who answers an offer that is not to him.';
