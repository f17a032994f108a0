create or replace function points.open_stock(p_reward text, p_stock bigint, p_prizes jsonb) returns void
language plpgsql volatile as $$
begin
    insert into points.prize (reward, no, name, weight, consolation)
    select p_reward, p.no, p.prize ->> 'name', (p.prize ->> 'weight')::int, p.prize ->> 'stock' is null
    from jsonb_array_elements(p_prizes) with ordinality as p(prize, no);

    insert into points.stock (item, prize, remaining)
    select p_reward, 0, coalesce(p_stock, 0) from points.reward w where w.code = p_reward and not w.unlimited
    union all
    select p_reward, p.no, (p.prize ->> 'stock')::bigint
    from jsonb_array_elements(p_prizes) with ordinality as p(prize, no)
    where p.prize ->> 'stock' is not null;

    insert into points.stock_slice (bucket, item, prize, remaining)
    select b.bucket, c.item, c.prize, 0
    from points.stock c
    cross join generate_series(0, points.bucket_count() - 1) as b(bucket)
    where c.item = p_reward;
end
$$;

comment on function points.open_stock(text, bigint, jsonb) is
    'Makes a new reward''s prizes, and its stock and theirs, with an empty slice a bucket.';
