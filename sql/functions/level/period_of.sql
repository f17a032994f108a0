create or replace function points.period_of(p_day date, p_anchor date, p_months int) returns int
language sql immutable parallel safe
return floor((
    (date_part('year', p_day) - date_part('year', p_anchor)) * 12 + date_part('month', p_day) - date_part('month', p_anchor)
    -- Whoever came on the 31st begins a period on the last day of a shorter month.
    - (p_day < p_anchor + make_interval(months => (
        (date_part('year', p_day) - date_part('year', p_anchor)) * 12 + date_part('month', p_day) - date_part('month', p_anchor))::int))::int
    ) / p_months)::int;

comment on function points.period_of(date, date, int) is
    'Number of the period that a local day is in; period 0 begins on p_anchor, and each has p_months months.';
