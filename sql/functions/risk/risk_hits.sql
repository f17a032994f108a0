create or replace function points.risk_hits(
    p_rule points.risk_rule, p_points bigint, p_hour int, p_awards bigint, p_window_points numeric, p_same_points numeric
) returns boolean
language sql immutable parallel safe
return case p_rule.measure
    when 'award_points' then p_points >= p_rule.threshold
    when 'window_points' then p_window_points + p_points >= p_rule.threshold
    when 'window_awards' then p_awards + 1 >= p_rule.threshold
    when 'source_share' then p_awards + 1 >= p_rule.min_awards
        and (p_same_points + p_points) * 100 >= p_rule.threshold * (p_window_points + p_points)
    when 'local_hour' then case
        when p_rule.from_hour < p_rule.to_hour then p_hour >= p_rule.from_hour and p_hour < p_rule.to_hour
        else p_hour >= p_rule.from_hour or p_hour < p_rule.to_hour
    end
end;

comment on function points.risk_hits(points.risk_rule, bigint, int, bigint, numeric, numeric) is
    'Whether a risk rule decides on an award of p_points at the local hour p_hour, after p_awards of p_window_points in its window, p_same_points of them by the same rule.';
