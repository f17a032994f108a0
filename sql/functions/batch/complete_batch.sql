create or replace function points.complete_batch(
    p_ticket uuid, p_idempotency_key text, p_fingerprint bytea, p_now timestamptz, out replayed boolean, out ticket uuid
)
language plpgsql volatile as $$
declare
    v_batch points.batch;
begin
    if p_fingerprint is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'fingerprint', 'message', 'must not be null'));
    end if;
    select * into strict v_batch from points.batch b where b.ticket = p_ticket for no key update;
    -- Two that complete batches of a client under one key come here one after the other.
    perform from points.batch_turn t where t.client_id = v_batch.client_id for no key update;
    ticket := points.known_batch(v_batch.client_id, p_idempotency_key, v_batch.label, p_fingerprint);
    replayed := ticket is not null;
    if replayed then
        perform points.discard_batch(p_ticket);
        return;
    end if;
    ticket := p_ticket;
    update points.batch b
    set idempotency_key = p_idempotency_key, fingerprint = p_fingerprint, queued_at = p_now,
        due_at = case when b.failed < b.size then p_now end, done_at = case when b.failed = b.size then p_now end
    where b.ticket = p_ticket;
end
$$;

comment on function points.complete_batch(uuid, text, bytea, timestamptz) is
    'A batch is whole: its rows begin to wait, and its key is taken. If an earlier one has the key, that is the answer, and this one is discarded. Raises LP001 INVALID_INPUT, LP004 IDEMPOTENCY_CONFLICT.';
