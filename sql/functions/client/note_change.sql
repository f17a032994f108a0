create or replace function points.note_change(
    p_client text, p_scope text, p_idempotency_key text, p_what text, p_code text, p_inputs jsonb, p_version int default null,
    out replayed boolean, out version int
)
language plpgsql volatile as $$
declare
    v_client points.client;
    v_known points.catalogue_change;
begin
    if p_idempotency_key is null or length(p_idempotency_key) not between 1 and 128 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'idempotency_key', 'message', 'must have 1 to 128 characters'));
    end if;
    -- Of those whose argument has this name: the others have refused it under theirs.
    if p_code is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'must not be null'));
    end if;
    select * into v_client from points.client c where c.name = p_client and c.revoked_at is null and p_scope = any (c.scopes);
    if v_client.id is null then
        perform points.raise_refusal('FORBIDDEN', jsonb_build_object('scope', p_scope));
    end if;

    insert into points.catalogue_change (client_id, idempotency_key, what, code, version, inputs, recorded_at)
    values (v_client.id, p_idempotency_key, p_what, p_code, p_version, p_inputs, clock_timestamp())
    on conflict (client_id, idempotency_key) do nothing;
    replayed := not found;
    version := p_version;
    if replayed then
        select * into v_known from points.catalogue_change c where c.client_id = v_client.id and c.idempotency_key = p_idempotency_key;
        if (v_known.what, v_known.code, v_known.inputs) is distinct from (p_what, p_code, p_inputs) then
            perform points.raise_refusal('IDEMPOTENCY_CONFLICT', null);
        end if;
        version := v_known.version;
    else
        perform pg_notify('jifen', 'catalogue');
    end if;
end
$$;

comment on function points.note_change(text, text, text, text, text, jsonb, int) is
    'Claims a key of a client that has the scope, for a change of what operators keep, and announces it. replayed: it was done before, to that version. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
