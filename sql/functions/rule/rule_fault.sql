create or replace function points.rule_fault(
    p_basis points.rule_basis, p_fixed_points bigint, p_rule_wallet text, p_wallet text, p_amount numeric, p_points bigint
) returns text[]
language sql immutable parallel safe
return case
    when p_rule_wallet <> p_wallet then array['wallet', 'this rule awards points of another kind']
    else case p_basis
        when 'fixed' then case
            when p_amount is not null then array['amount', 'this rule awards fixed points']
            when p_points is not null then array['points', 'this rule awards fixed points']
        end
        when 'given' then case
            when p_amount is not null then array['amount', 'this rule takes points, not an amount']
            when coalesce(p_points, p_fixed_points) is null then array['points', 'this rule needs points']
        end
        else case
            when p_basis is null or p_basis = 'none' then null
            when p_amount is null then array['amount', 'this rule needs an amount']
            when p_points is not null then array['points', 'this rule computes the points from the amount']
        end
    end
end;

comment on function points.rule_fault(points.rule_basis, bigint, text, text, numeric, bigint) is
    'The first input that does not fit a rule version, as path and message; null: all fit. One expression, which the planner inlines.';
