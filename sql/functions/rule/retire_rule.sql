create or replace function api.retire_rule(
    p_rule text, p_idempotency_key text, p_at timestamptz default null, p_client text default 'psql'
) returns table (replayed boolean, rule api.rule)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_next int := points.lock_rule(p_rule);
    v_now timestamptz := clock_timestamp();
    v_change record;
begin
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'retire_rule', p_rule, jsonb_build_object('at', p_at));
    if not v_change.replayed then
        if p_at < v_now or not isfinite(p_at) then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'at', 'message', 'must not be in the past'));
        end if;
        insert into points.rule_version (rule, version, starts_at, basis, rounding, pending_days, created_at)
        select p_rule, v_next - 1 + row_number() over (order by s.starts_at), s.starts_at, 'none', 'down', 0, v_now
        from (
            select coalesce(p_at, v_now) as starts_at
            union
            -- What is scheduled after it would put the rule in force again.
            select v.starts_at from api.rule_version v where v.rule = p_rule and v.state = 'scheduled' and v.starts_at > coalesce(p_at, v_now)
        ) s;
    end if;
    return query select v_change.replayed, r from api.rule r where r.code = p_rule;
end
$$;

comment on function api.retire_rule(text, text, timestamptz, text) is
    'Lets a rule award nothing from p_at on, null: from now on, by a version of the basis none; versions scheduled after that are replaced, too. What has been awarded stays. Publishing another version puts the rule in force again. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
