create or replace function points.back_off(p_failures int) returns interval
language sql immutable parallel safe
return least(interval '1 second' * 2 ^ least(p_failures - 1, 10), interval '10 minutes');

comment on function points.back_off(int) is
    'How long a job waits after so many failures, one after another: 1, 2, 4, 8 ... seconds, at most ten minutes.';
