create or replace function points.month_start(p_month date, p_months int default 0) returns timestamptz
language sql immutable return (p_month + make_interval(months => p_months))::timestamp at time zone 'UTC';

comment on function points.month_start(date, int) is
    'The instant at which a month begins in UTC, or the one so many months later.';
