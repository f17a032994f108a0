create or replace function points.guards() returns table (of_table text, name text, definition text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select format('%I.%I', coalesce(n.nspname, m.nspname), coalesce(c.relname, t.typname)), k.conname::text, pg_get_constraintdef(k.oid)
        from pg_constraint k
        left join pg_class c on c.oid = k.conrelid
        left join pg_namespace n on n.oid = c.relnamespace
        left join pg_type t on t.oid = k.contypid
        left join pg_namespace m on m.oid = t.typnamespace
        where k.connamespace = 'points'::regnamespace and k.contype in ('c', 'p', 'u', 'f') and k.conparentid = 0
            and not coalesce(c.relispartition, false) and k.convalidated
        union all
        select 'points', p.proname::text, encode(sha256(convert_to(pg_get_functiondef(p.oid), 'UTF8')), 'hex')
        from pg_proc p
        where p.pronamespace = 'points'::regnamespace and p.prorettype = 'trigger'::regtype;
end
$$;

comment on function points.guards() is
    'The constraints of tables and domains, and the functions of triggers, as they are now and whatever the search_path: what points.guard keeps.';
