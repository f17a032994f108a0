create or replace function points.period_starts_on(p_period int, p_anchor date, p_months int) returns date
language sql immutable parallel safe
return (p_anchor + make_interval(months => p_months * p_period))::date;

comment on function points.period_starts_on(int, date, int) is
    'First local day of a period; see points.period_of. Who came on 29 February begins a year on 28 February where there is no 29th.';
