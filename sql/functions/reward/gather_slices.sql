create or replace function points.gather_slices(p_item text, p_prize smallint) returns void
language plpgsql volatile as $$
declare
    v_held bigint;
begin
    select coalesce(sum(q.remaining), 0)::bigint into v_held
    from (
        select s.remaining from points.stock_slice s
        where s.item = p_item and s.prize = p_prize
            and s.bucket = any (array(select generate_series(0, points.bucket_count() - 1)::smallint))
        order by s.bucket
        for update
    ) q;
    update points.stock_slice s set remaining = 0
    where s.item = p_item and s.prize = p_prize
        and s.bucket = any (array(select generate_series(0, points.bucket_count() - 1)::smallint));
    update points.stock c set remaining = c.remaining + v_held where c.item = p_item and c.prize = p_prize;
end
$$;

comment on function points.gather_slices(text, smallint) is
    'Brings all that is left of a stock back to the centre, which the caller has locked.';
