create or replace function api.set_integrity(p_freezes_discrepancies boolean, p_idempotency_key text, p_client text default 'psql')
returns table (replayed boolean, freezes_discrepancies boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_change record;
begin
    if p_freezes_discrepancies is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'freezes_discrepancies', 'message', 'must not be null'));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'set_integrity', 'program', jsonb_build_object('freezes_discrepancies', p_freezes_discrepancies));
    if not v_change.replayed then
        update points.program p set freezes_discrepancies = p_freezes_discrepancies;
    end if;
    return query select v_change.replayed, p.freezes_discrepancies from points.program p;
end
$$;

comment on function api.set_integrity(boolean, text, text) is
    'Whether an account is frozen when the reconciler finds a discrepancy of it for the first time. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
