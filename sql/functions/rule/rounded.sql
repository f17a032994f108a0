create or replace function points.rounded(p_points numeric, p_rounding points.rounding) returns numeric
language sql immutable parallel safe
return case p_rounding
    when 'down' then floor(p_points)
    when 'half_up' then round(p_points)
    when 'up' then ceil(p_points)
end;

comment on function points.rounded(numeric, points.rounding) is
    'Whole points. Half up: a half counts as one, since points are never below 0 here.';
