create or replace function points.award(p_version points.rule_version, p_amount numeric, p_points bigint) returns bigint
language sql immutable parallel safe
return least((p_version).cap_points, 9007199254740992, case (p_version).basis
    when 'fixed' then (p_version).fixed_points
    when 'given' then coalesce(p_points, (p_version).fixed_points)
    when 'amount' then points.rounded(p_amount * (p_version).points_per_unit, (p_version).rounding)
    -- Opaque to the planner, so that batches without tiers pay for one call more to prepare, and not for a formula.
    when 'tiers' then points.tiered(p_amount, (p_version).tier_starts, (p_version).tier_rates, (p_version).rounding)
    when 'none' then 0
end)::bigint;

comment on function points.award(points.rule_version, numeric, bigint) is
    'What a rule version awards: min(cap_points, fixed_points | given points | rounding(points for the amount)), of a retired rule 0; for inputs that points.rule_fault lets pass. The one place that says so; one expression, which the planner inlines. 2^53: more than any account may have.';
