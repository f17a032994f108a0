create or replace function points.streak_bonus(p_terms points.sign_in_terms, p_streak int) returns bigint
language sql immutable parallel safe
return case when p_streak % (p_terms).bonus_every = 0 then (p_terms).bonus_points else 0 end;

comment on function points.streak_bonus(points.sign_in_terms, int) is
    'The bonus of a sign-in that makes a streak so long; 0: none.';
