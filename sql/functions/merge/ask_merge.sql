create or replace function points.ask_merge(p_bucket smallint, p_request api.request, p_now timestamptz) returns points.draft
language plpgsql stable as $$
declare
    v_fault text[] := points.merge_fault(p_request);
    v_asked api.request := p_request;
    v_draft points.draft;
begin
    -- What freezing needs, merging needs: a reason, a person, the scope adjust.
    v_asked.kind := 'freeze';
    v_asked.counterparty := null;
    v_draft := (points.receive(p_bucket, array[v_asked], p_now))[1];
    if v_fault is not null and v_draft.refusal is distinct from 'INVALID_INPUT' then
        v_draft.refusal := 'INVALID_INPUT';
        v_draft.refusal_detail := jsonb_build_object('path', v_fault[1], 'message', v_fault[2]);
    end if;
    return v_draft;
end
$$;

comment on function points.ask_merge(smallint, api.request, timestamptz) is
    'First stage of points.run_merge: the draft, with its inputs and the client''s rights checked.';
