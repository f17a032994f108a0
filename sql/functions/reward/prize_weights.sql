create or replace function points.prize_weights(p_reward text) returns int[]
language sql stable parallel safe
return (select array_agg(p.weight order by p.no) from points.prize p where p.reward = p_reward);

comment on function points.prize_weights(text) is
    'Weights of a draw''s prizes, by their numbers; null: not a draw.';
