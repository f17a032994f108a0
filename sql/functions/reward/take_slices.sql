create or replace function points.take_slices(p_item text, p_prize smallint, p_bucket smallint, p_pieces bigint) returns setof bigint
language plpgsql volatile as $$
begin
    return query
        update points.stock_slice s set remaining = s.remaining - q.taken
        from (
            select s.bucket, least(s.remaining, p_pieces - sum(s.remaining) over (order by s.bucket) + s.remaining)::bigint as taken
            from points.stock_slice s
            where s.item = p_item and s.prize = p_prize and s.remaining > 0
                and s.bucket = any (array(select generate_series(0, points.bucket_count() - 1)::smallint)) and s.bucket <> p_bucket
        ) q
        where s.bucket = q.bucket and s.item = p_item and s.prize = p_prize and q.taken > 0
        returning q.taken;
end
$$;

comment on function points.take_slices(text, smallint, smallint, bigint) is
    'Takes p_pieces, or as many as there are, from the slices of other buckets, which are locked; returns what each gave.';
