create or replace function points.draw_prize(p_seed bytea, p_weights int[]) returns smallint
language sql immutable parallel safe
return (
    select min(w.no)::smallint
    from (
        select w.no, sum(w.weight) over (order by w.no) as upto, sum(w.weight) over () as total
        from unnest(p_weights) with ordinality as w(weight, no)
    ) w
    -- With at most 10^8 in all, what modulo prefers is less than 10^-10.
    where w.upto > ('x' || substr(encode(p_seed, 'hex'), 1, 15))::bit(60)::bigint % w.total
);

comment on function points.draw_prize(bytea, int[]) is
    'The prize that a seed chooses: its first 60 bits, a number modulo the sum of weights, and the first prize at which the weights so far exceed it. Nothing else goes into it, so anybody can compute it again.';
