create or replace function points.delivery_delay(p_failures int, p_most interval) returns interval
language sql volatile
return least(interval '5 seconds' * 2 ^ least(p_failures - 1, 12), p_most) * (0.75 + random() / 2);

comment on function points.delivery_delay(int, interval) is
    'How long to wait after so many failures: 5, 10, 20, 40 ... seconds, at most p_most, and a quarter more or less by chance, so that what failed together does not come again together.';
