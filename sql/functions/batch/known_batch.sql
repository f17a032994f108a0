create or replace function points.known_batch(p_client_id int, p_idempotency_key text, p_label text, p_fingerprint bytea) returns uuid
language plpgsql stable as $$
declare
    v_known points.batch;
begin
    if p_idempotency_key is null or length(p_idempotency_key) not between 1 and 128 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'idempotency_key', 'message', 'must have 1 to 128 characters'));
    end if;
    if length(p_label) not between 1 and 128 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'label', 'message', 'must have 1 to 128 characters'));
    end if;
    if length(p_fingerprint) <> 32 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'fingerprint', 'message', 'must have 32 bytes'));
    end if;
    select * into v_known from points.batch b where b.client_id = p_client_id and b.idempotency_key = p_idempotency_key;
    if v_known.ticket is not null and (v_known.label is distinct from p_label or v_known.fingerprint <> p_fingerprint) then
        perform points.raise_refusal('IDEMPOTENCY_CONFLICT', null);
    end if;
    return v_known.ticket;
end
$$;

comment on function points.known_batch(int, text, text, bytea) is
    'The batch that was submitted under this key; null: none. p_fingerprint null: it is not known yet. Raises LP001 INVALID_INPUT, LP004 IDEMPOTENCY_CONFLICT.';
