create or replace function points.open_budget(p_campaign text, p_points bigint) returns void
language plpgsql volatile as $$
begin
    if p_points is null then
        return;
    end if;
    insert into points.stock (item, prize, remaining) values (p_campaign, -1, p_points);
    insert into points.stock_slice (bucket, item, prize, remaining)
    select b.bucket, p_campaign, -1, 0
    from generate_series(0, points.bucket_count() - 1) as b(bucket);
end
$$;

comment on function points.open_budget(text, bigint) is
    'Makes the budget of a new campaign, with an empty slice a bucket; null: it has none.';
