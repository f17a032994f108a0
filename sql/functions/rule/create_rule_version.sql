create or replace function api.create_rule_version(
    p_rule text,
    p_basis points.rule_basis,
    p_fixed_points bigint default null,
    p_points_per_unit numeric default null,
    p_rounding points.rounding default 'down',
    p_cap_points bigint default null,
    p_valid_days int default null,
    p_pending_days int default 0,
    p_starts_at timestamptz default now(),
    p_tier_starts numeric[] default null,
    p_tier_rates numeric[] default null,
    p_valid_months int default null,
    p_valid_end points.calendar_unit default null,
    p_valid_until date default null,
    p_wallet text default null,
    p_idle boolean default false
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_version points.rule_version := row(
        p_rule, points.lock_rule(p_rule), p_starts_at, p_basis, p_fixed_points, p_points_per_unit, p_tier_starts, p_tier_rates, p_rounding,
        p_cap_points, p_pending_days, p_valid_days, p_valid_months, p_valid_end, p_valid_until, coalesce(p_idle, false), p_wallet, clock_timestamp());
    v_fault text[] := points.version_fault(v_version);
begin
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    insert into points.rule_version select v_version.*;
    return v_version.version;
end
$$;

comment on function api.create_rule_version(text, points.rule_basis, bigint, numeric, points.rounding, bigint, int, int, timestamptz, numeric[], numeric[], int, points.calendar_unit, date, text, boolean) is
    'Gives a rule a new version without a draft, in force from p_starts_at, which may be past, until the next one starts. See points.rule_version for the inputs. Returns its number. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE.';
