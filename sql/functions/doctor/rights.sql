create or replace function points.rights() returns setof text
language sql stable
begin atomic
    select format('%s on schema %I to %s', g.privilege_type, n.nspname, g.grantee::regrole)
    from pg_catalog.pg_namespace n
    cross join lateral aclexplode(n.nspacl) g
    where n.nspname in ('points', 'api') and g.grantee not in (0, n.nspowner)
    union all
    select format('%s on %s to %s', g.privilege_type, c.oid::regclass, case g.grantee when 0 then 'public' else g.grantee::regrole::text end)
    from pg_catalog.pg_class c
    cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
    where c.relnamespace in ('points'::regnamespace, 'api'::regnamespace) and c.relkind in ('r', 'p', 'v') and not c.relispartition
    union all
    select format('%s on function %s to %s', g.privilege_type, p.oid::regprocedure, case g.grantee when 0 then 'public' else g.grantee::regrole::text end)
    from pg_catalog.pg_proc p
    cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
    where p.pronamespace in ('points'::regnamespace, 'api'::regnamespace) and g.grantee <> p.proowner;
end;

comment on function points.rights() is
    'Every right on schemas points and api, but for their partitions, as what stands between `grant` and the semicolon. jifen migrate keeps what it has granted in points.bundle, and the doctor compares.';
