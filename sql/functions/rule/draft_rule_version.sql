create or replace function api.draft_rule_version(
    p_rule text,
    p_basis points.rule_basis,
    p_idempotency_key text,
    p_fixed_points bigint default null,
    p_points_per_unit numeric default null,
    p_tier_starts numeric[] default null,
    p_tier_rates numeric[] default null,
    p_rounding points.rounding default 'down',
    p_cap_points bigint default null,
    p_pending_days int default 0,
    p_valid_days int default null,
    p_valid_months int default null,
    p_valid_end points.calendar_unit default null,
    p_valid_until date default null,
    p_wallet text default null,
    p_version int default null,
    p_client text default 'psql',
    p_idle boolean default false
) returns table (replayed boolean, version api.rule_version)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_next int := points.lock_rule(p_rule);
    v_terms points.rule_version := row(
        null::text, null::int, null::timestamptz, p_basis, p_fixed_points, p_points_per_unit, p_tier_starts, p_tier_rates, p_rounding,
        p_cap_points, p_pending_days, p_valid_days, p_valid_months, p_valid_end, p_valid_until, coalesce(p_idle, false), p_wallet, null::timestamptz);
    v_fault text[] := points.version_fault(v_terms);
    v_change record;
begin
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(
        p_client, 'rules', p_idempotency_key, 'draft_rule_version', p_rule,
        jsonb_build_object('version', p_version, 'terms', jsonb_strip_nulls(to_jsonb(v_terms))), coalesce(p_version, v_next));
    if not v_change.replayed and p_version is null then
        insert into points.rule_draft (rule, version, terms, created_at)
        values (p_rule, v_change.version, jsonb_strip_nulls(to_jsonb(v_terms)), clock_timestamp());
    elsif not v_change.replayed then
        perform points.find_draft(p_rule, p_version);
        update points.rule_draft d
        set terms = jsonb_strip_nulls(to_jsonb(v_terms)), revision = d.revision + 1
        where d.rule = p_rule and d.version = p_version;
    end if;
    return query select v_change.replayed, (select v from api.rule_version v where v.rule = p_rule and v.version = v_change.version);
end
$$;

comment on function api.draft_rule_version(text, points.rule_basis, text, bigint, numeric, numeric[], numeric[], points.rounding, bigint, int, int, int, points.calendar_unit, date, text, int, text, boolean) is
    'Drafts a version of a rule, which awards nothing until it is published; p_version: gives that draft these terms, all of them. See points.rule_version for the inputs. Answers it as it stands now; null if it has been discarded since. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
