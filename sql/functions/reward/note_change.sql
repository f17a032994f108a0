create or replace function points.note_change(p_client text, p_idempotency_key text, p_reward text, p_what text, p_inputs jsonb)
returns boolean
language plpgsql volatile as $$
declare
    v_client points.client;
    v_known points.reward_change;
begin
    if p_idempotency_key is null or length(p_idempotency_key) not between 1 and 128 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'idempotency_key', 'message', 'must have 1 to 128 characters'));
    end if;
    select * into v_client from points.client c where c.name = p_client and c.revoked_at is null and 'rewards' = any (c.scopes);
    if v_client.id is null then
        perform points.raise_refusal('FORBIDDEN', jsonb_build_object('scope', 'rewards'));
    end if;

    insert into points.reward_change (client_id, idempotency_key, reward, what, inputs, recorded_at)
    values (v_client.id, p_idempotency_key, p_reward, p_what, p_inputs, clock_timestamp())
    on conflict (client_id, idempotency_key) do nothing;
    if found then
        return false;
    end if;
    select * into v_known from points.reward_change c where c.client_id = v_client.id and c.idempotency_key = p_idempotency_key;
    if (v_known.reward, v_known.what, v_known.inputs) is distinct from (p_reward, p_what, p_inputs) then
        perform points.raise_refusal('IDEMPOTENCY_CONFLICT', null);
    end if;
    return true;
end
$$;

comment on function points.note_change(text, text, text, text, jsonb) is
    'Claims a key for a change of the catalogue. False: it is new, and to be done; true: it was done before. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
