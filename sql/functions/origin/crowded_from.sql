create or replace function points.crowded_from(p_marks points.origin_mark[]) returns int
language plpgsql immutable as $$
begin
    return (
        select min(q.ord)
        from (
            select m.*, count(*) filter (where not m.known) over (
                partition by m.origin, m.code, m.starts_at order by m.ord rows between unbounded preceding and 1 preceding) as earlier
            from unnest(p_marks) m
        ) q
        where q.used < q.most and q.used + q.earlier >= q.most
    );
end
$$;

comment on function points.crowded_from(points.origin_mark[]) is
    'The first award of a round (its ord) that may or may not pass a limit or meet a risk rule by what those before it in the round come to; null: none. The round goes on from there as another one.';
