create or replace function points.alert_rule_fault(p_rule points.alert_rule) returns text[]
language plpgsql stable as $$
begin
    return case
        when p_rule.name is null or p_rule.name !~ '^[a-z][a-z0-9_]{0,47}$' then array['name', 'must be 1 to 48 small letters, digits and _, the first a letter']
        when p_rule.kind is null then array['kind', 'must not be null']
        when exists (select from points.alert_rule r where r.name = p_rule.name and r.kind <> p_rule.kind) then array['kind', 'never changes']
        when p_rule.description is null or length(p_rule.description) not between 1 and 500 then array['description', 'must have 1 to 500 characters']
        when (p_rule.kind in ('hourly_flow', 'hourly_jump')) <> (p_rule.flow is not null)
            then array['flow', 'is for the kinds hourly_flow and hourly_jump, which need it']
        when p_rule.wallet is not null and p_rule.kind not in ('hourly_flow', 'hourly_jump', 'total_difference')
            then array['wallet', 'is for the kinds hourly_flow, hourly_jump and total_difference']
        when p_rule.wallet is not null and not exists (select from points.wallet w where w.code = p_rule.wallet) then array['wallet', 'no such wallet']
        when p_rule.threshold is null or not (p_rule.threshold >= 0 and p_rule.threshold < 1e18 and scale(p_rule.threshold) <= 6)
            then array['threshold', 'must be from 0 to less than 10^18, with at most 6 decimals']
        when not (p_rule.clear_at >= 0 and p_rule.clear_at <= p_rule.threshold and scale(p_rule.clear_at) <= 6)
            then array['clear_at', 'must be from 0 to the threshold, with at most 6 decimals']
        when (p_rule.kind = 'hourly_jump') <> (p_rule.minimum is not null) then array['minimum', 'is for the kind hourly_jump, which needs it']
        when p_rule.minimum not between 1 and 9007199254740991 then array['minimum', 'must be from 1 to 9007199254740991']
        when p_rule.hold_seconds is null or p_rule.hold_seconds not between 0 and 86400 then array['hold_seconds', 'must be from 0 to 86400']
        when p_rule.severity is null then array['severity', 'must not be null']
        when p_rule.enabled is null then array['enabled', 'must not be null']
    end;
end
$$;

comment on function points.alert_rule_fault(points.alert_rule) is
    'What is wrong with an alert rule: the argument, and why; null: nothing.';
