create or replace function api.set_archive(p_after_months int, p_idempotency_key text, p_client text default 'psql')
returns table (replayed boolean, archive_after_months int)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_change record;
begin
    if p_after_months not between 12 and 1200 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'after_months', 'message', 'must be from 12 to 1200, or null'));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'set_archive', 'program', jsonb_build_object('after_months', p_after_months));
    if not v_change.replayed then
        update points.program p set archive_after_months = p_after_months;
    end if;
    return query select v_change.replayed, p.archive_after_months from points.program p;
end
$$;

comment on function api.set_archive(int, text, text) is
    'After how many whole months a month of entries moves to the archive, once all lots that it opened are closed: 12 to 1200; null: none does. The job archive does it; what is there already stays. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
