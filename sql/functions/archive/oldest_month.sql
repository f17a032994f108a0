create or replace function points.oldest_month() returns date
language plpgsql stable as $$
begin
    return (
        select min(to_date(right(c.relname, 7), 'YYYY_MM'))
        from pg_catalog.pg_inherits i
        join pg_catalog.pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'points.entry'::regclass and c.relname ~ '^entry_\d{4}_\d{2}$'
    );
end
$$;

comment on function points.oldest_month() is
    'The first month that has a partition of points.entry: the next one to be archived. Null: none has.';
