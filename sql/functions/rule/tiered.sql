create or replace function points.tiered(
    p_amount numeric, p_starts numeric[], p_rates numeric[], p_rounding points.rounding default null
) returns numeric
language plpgsql immutable parallel safe as $$
declare
    v_points numeric := 0.0;
begin
    for v_tier in 1 .. cardinality(p_starts) loop
        exit when p_amount <= p_starts[v_tier];
        v_points := v_points + (least(p_amount, p_starts[v_tier + 1]) - p_starts[v_tier]) * p_rates[v_tier];
    end loop;
    return case when p_rounding is null then v_points else points.rounded(v_points, p_rounding) end;
end
$$;

comment on function points.tiered(numeric, numeric[], numeric[], points.rounding) is
    'Points for an amount by tiers: each part of the amount at the rate of the tier that it lies in. Rounded once, at the end; p_rounding null: not at all.';
