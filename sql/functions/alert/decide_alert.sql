create or replace function points.decide_alert(
    p_what text, p_id bigint, p_state points.alert_state, p_until timestamptz, p_actor text, p_reason text, p_idempotency_key text, p_client text
) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_version bigint;
    v_state points.alert_state;
    v_fault text[];
    v_change record;
begin
    select c.version + 1 into v_version from points.alert_clock c for update;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, p_what, coalesce(p_id::text, ''), jsonb_build_object(
        'until', p_until, 'actor', p_actor, 'reason', p_reason));
    if v_change.replayed then
        return true;
    end if;
    select a.state into v_state from points.alert a where a.id = p_id and a.state <> 'pending';
    v_fault := case
        when v_state is null then array['id', 'no such alert']
        when v_state = 'resolved' then array['id', 'the alert is resolved']
        when p_actor is null or length(p_actor) not between 1 and 128 then array['actor', 'must have 1 to 128 characters']
        when length(p_reason) not between 1 and 500 then array['reason', 'must have 1 to 500 characters']
        when p_state = 'silenced' and p_reason is null then array['reason', 'must have 1 to 500 characters']
        when p_state = 'silenced' and (p_until is null or p_until <= v_now or p_until > v_now + interval '366 days')
            then array['until', 'must be an instant within the next 366 days']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    update points.alert a
    set state = p_state, silenced_until = p_until, resolved_at = case when p_state = 'resolved' then v_now end,
        decided_at = v_now, decided_by = p_actor, reason = p_reason, version = v_version
    where a.id = p_id;
    update points.alert_clock c set version = v_version where c.id;
    perform points.note_alerts(v_version, v_now);
    return false;
end
$$;

comment on function points.decide_alert(text, bigint, points.alert_state, timestamptz, text, text, text, text) is
    'What an operator makes of an alert; p_what: the function of schema api that was called. Returns whether it was done before under this key. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
