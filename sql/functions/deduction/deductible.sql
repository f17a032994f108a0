create or replace function points.deductible(p_deduction points.deduction, p_amount numeric, p_available bigint) returns bigint
language sql immutable parallel safe
return (
    select case when p.points >= (p_deduction).min_points then p.points else 0 end
    from (select power(10::numeric, (p_deduction).decimals) as parts) d
    -- The most points whose money is not above the caps; then the fewest that are the same money.
    cross join lateral (
        select least(coalesce(p_available, 9007199254740991), ceil((p_deduction).points_per_unit
            * (trunc(least(p_amount * (p_deduction).max_share, (p_deduction).max_amount) * d.parts) + 1) / d.parts) - 1) as points
    ) m
    cross join lateral (
        select ceil(div(m.points * d.parts, (p_deduction).points_per_unit) * (p_deduction).points_per_unit / d.parts)::bigint as points
    ) p
);

comment on function points.deductible(points.deduction, numeric, bigint) is
    'Points that may pay for part of an order. Points are money by points_per_unit, cut to the currency''s decimals; that may not exceed the share of the amount, nor the absolute cap. Just the points for that money; 0 below the minimum. p_available null: whatever the member has.';
