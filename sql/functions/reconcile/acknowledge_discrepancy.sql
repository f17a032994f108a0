create or replace function api.acknowledge_discrepancy(
    p_id bigint, p_reason text, p_actor text, p_idempotency_key text, p_client text default 'psql'
) returns table (replayed boolean, discrepancy api.discrepancy)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_change record;
begin
    v_fault := case
        when p_id is null then array['id', 'no such discrepancy']
        when p_reason is null or length(p_reason) not between 1 and 500 then array['reason', 'must have 1 to 500 characters']
        when p_actor is null or length(p_actor) not between 1 and 128 then array['actor', 'must have 1 to 128 characters']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'adjust', p_idempotency_key, 'acknowledge_discrepancy', p_id::text,
        jsonb_build_object('reason', p_reason, 'actor', p_actor));
    if not exists (select from points.discrepancy d where d.id = p_id) then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'id', 'message', 'no such discrepancy'));
    end if;
    if not v_change.replayed then
        update points.discrepancy d
        set acknowledged_at = clock_timestamp(), reason = p_reason, actor = p_actor,
            state = case when d.closed_at is null then 'acknowledged'::points.discrepancy_state else 'closed' end
        where d.id = p_id;
    end if;
    return query select v_change.replayed, d from api.discrepancy d where d.id = p_id;
end
$$;

comment on function api.acknowledge_discrepancy(bigint, text, text, text, text) is
    'Says who takes care of a discrepancy, and why it needs no alarm any more. It stays until a run that looks for it finds it no more. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
