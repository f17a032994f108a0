create or replace function api.discard_rule_draft(
    p_rule text, p_version int, p_idempotency_key text, p_client text default 'psql'
) returns table (replayed boolean, rule api.rule)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_change record;
begin
    perform points.lock_rule(p_rule);
    v_change := points.note_change(
        p_client, 'rules', p_idempotency_key, 'discard_rule_draft', p_rule, jsonb_build_object('version', p_version));
    if not v_change.replayed then
        perform points.find_draft(p_rule, p_version);
        update points.rule_draft d set discarded_at = clock_timestamp() where d.rule = p_rule and d.version = p_version;
    end if;
    return query select v_change.replayed, r from api.rule r where r.code = p_rule;
end
$$;

comment on function api.discard_rule_draft(text, int, text, text) is
    'Throws a draft away, for good; its number is not given again. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
