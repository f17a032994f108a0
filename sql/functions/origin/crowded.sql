create or replace function points.crowded(p_marks points.origin_mark[], p_drafts points.draft[]) returns int[]
language plpgsql stable as $$
declare
    v_ords int[];
    v_more int[];
    v_rules text[];
begin
    v_ords := array(
        select distinct q.ord
        from (
            select m.*, count(*) filter (where not m.known) over (
                partition by m.origin, m.code, m.starts_at order by m.ord rows between unbounded preceding and 1 preceding) as earlier
            from unnest(p_marks) m
        ) q
        where q.used < q.most and q.used + q.earlier >= q.most
        order by q.ord
    );
    if v_ords = '{}' then
        return v_ords;
    end if;
    v_rules := array(
        select distinct unnest(k.rules) from points.campaign k
        join points.stock b on b.item = k.code and b.prize = -1
        where k.status = 'active'
    );
    loop
        v_more := array(
            select d.ord
            from unnest(p_drafts) d
            cross join (
                select min(w.ord) as ord from unnest(p_drafts) w where w.ord = any (v_ords) and w.lot_source = any (v_rules)
            ) b
            where d.ord = any (v_ords) or d.lot_source = any (v_rules) and d.ord > b.ord
            union
            select m.ord
            from (
                select w.origin, min(w.ord) as ord from unnest(p_marks) w where w.ord = any (v_ords) group by w.origin
            ) o
            join unnest(p_marks) m on m.origin = o.origin and m.ord > o.ord
            order by ord
        );
        exit when v_more = v_ords;
        v_ords := v_more;
    end loop;
    return v_ords;
end
$$;

comment on function points.crowded(points.origin_mark[], points.draft[]) is
    'The awards of a round (their ord) that may or may not pass a limit or meet a risk rule by what those before them in the round come to, and those that share an origin or the budget of a campaign with one before them that does: they go on as another round.';
