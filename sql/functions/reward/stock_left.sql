create or replace function points.stock_left(p_reward text, p_prize smallint default 0) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (
        select c.remaining + coalesce(sum(s.remaining), 0)::bigint
        from points.stock c
        left join points.stock_slice s on s.item = c.item and s.prize = c.prize
            and s.bucket = any (array(select generate_series(0, points.bucket_count() - 1)::smallint))
        where c.item = p_reward and c.prize = p_prize
        group by c.remaining
    );
end
$$;

comment on function points.stock_left(text, smallint) is
    'What is left of a reward or prize, in the centre and in all slices; null: there is no stock to count. Takes no lock.';
