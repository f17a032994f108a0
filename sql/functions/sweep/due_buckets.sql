create or replace function points.due_buckets(p_from timestamptz, p_now timestamptz)
returns table (bucket smallint, due_since timestamptz)
language plpgsql stable as $$
begin
    return query
        select n.bucket::smallint, b.next_change_at
        from generate_series(0, points.bucket_count() - 1) as n (bucket)
        cross join lateral (
            select b.next_change_at from points.balance b
            where b.bucket = n.bucket and b.next_change_at between p_from and p_now and b.next_change_at < 'infinity'
            order by b.next_change_at
            limit 1
        ) b
        order by b.next_change_at, n.bucket;
end
$$;

comment on function points.due_buckets(timestamptz, timestamptz) is
    'Buckets with accounts on which something has been due since p_from or later, and since when: the longest first.';
