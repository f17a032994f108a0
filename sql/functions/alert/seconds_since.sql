create or replace function points.seconds_since(p_at timestamptz, p_now timestamptz) returns numeric
language sql immutable parallel safe
return coalesce(greatest(floor(extract(epoch from p_now - p_at)), 0), 0);

comment on function points.seconds_since(timestamptz, timestamptz) is
    'Whole seconds from p_at to p_now; 0: p_at is null or not over.';
