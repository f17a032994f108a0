create or replace function points.looks_at_origins(p_measure points.risk_measure) returns boolean
language sql immutable parallel safe
return p_measure >= 'address_awards';

comment on function points.looks_at_origins(points.risk_measure) is
    'Whether a measure is about the address or device of an award.';
