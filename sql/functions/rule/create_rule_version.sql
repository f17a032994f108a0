create or replace function api.create_rule_version(
    p_rule text,
    p_basis points.rule_basis,
    p_fixed_points bigint default null,
    p_points_per_unit numeric default null,
    p_rounding points.rounding default 'down',
    p_cap_points bigint default null,
    p_valid_days int default null,
    p_pending_days int default 0,
    p_starts_at timestamptz default now()
) returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_version int;
begin
    perform from points.rule r where r.code = p_rule for no key update;
    if not found then
        perform points.raise_refusal('UNKNOWN_RULE', jsonb_build_object('rule', p_rule));
    end if;
    insert into points.rule_version (rule, version, starts_at, basis, fixed_points, points_per_unit, rounding, cap_points, valid_days, pending_days, once)
    select p_rule, coalesce(max(v.version), 0) + 1, p_starts_at, p_basis, p_fixed_points, p_points_per_unit, p_rounding,
        p_cap_points, p_valid_days, p_pending_days, (select r.once from points.rule r where r.code = p_rule)
    from points.rule_version v
    where v.rule = p_rule
    returning version into v_version;
    return v_version;
end
$$;

comment on function api.create_rule_version(text, points.rule_basis, bigint, numeric, points.rounding, bigint, int, int, timestamptz) is
    'Gives a rule a new version, in force from p_starts_at until the next one starts. See points.rule_version for the inputs. Returns its number. Raises LP002 UNKNOWN_RULE.';
