create or replace function points.doctor_rights()
returns table (topic text, state text, finding text, remedy text)
language plpgsql stable as $$
declare
    v_granted text[] := (select b.rights from points.bundle b);
    v_missing text[] := array(select unnest(v_granted) except select r from points.rights() r order by 1);
    v_added text[] := array(select r from points.rights() r where v_granted is not null except select unnest(v_granted) order by 1);
    v_off text[];
begin
    select coalesce(array_agg(format('alter table %s enable trigger %I', t.tgrelid::regclass, t.tgname) order by c.relname, t.tgname), '{}')
    into v_off
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'points'::regnamespace and not t.tgisinternal and t.tgenabled in ('D', 'R');
    return query
    select 'rights', case when cardinality(v_missing) > 0 then 'fail' when cardinality(v_added) > 0 then 'warn' else 'ok' end,
        case when cardinality(v_missing) + cardinality(v_added) = 0 then 'as jifen migrate has granted them'
            else concat_ws('; ',
                'missing: ' || nullif(array_to_string(v_missing[:3], ', '), '') || case when cardinality(v_missing) > 3 then format(', and %s more', cardinality(v_missing) - 3) else '' end,
                'not granted by jifen migrate: ' || nullif(array_to_string(v_added[:3], ', '), '') || case when cardinality(v_added) > 3 then format(', and %s more', cardinality(v_added) - 3) else '' end)
        end,
        'As a member of jifen_owner: ' || concat_ws('; ',
            (select string_agg('grant ' || m, '; ') from unnest(v_missing) m),
            (select string_agg('revoke ' || regexp_replace(a, ' to (\S+)$', ' from \1'), '; ') from unnest(v_added) a)) || '.';
    return query
    select 'role',
        case when not pg_has_role(session_user, 'jifen_gateway', 'member') then 'fail'
            when (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = session_user)
                or pg_has_role(session_user, 'jifen_owner', 'member') then 'warn' else 'ok' end,
        case when not pg_has_role(session_user, 'jifen_gateway', 'member') then format('%I is no member of jifen_gateway', session_user)
            when (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = session_user) then format('%I is a superuser, and may change the books', session_user)
            when pg_has_role(session_user, 'jifen_owner', 'member') then format('%I may act as jifen_owner', session_user)
            else format('%I may do what the gateway does, and no more', session_user) end,
        'Give the gateway a login role of its own: create role jifen_login login password ''...'' in role jifen_gateway.';
    return query
    select 'triggers', case when cardinality(v_off) > 0 then 'fail' else 'ok' end,
        case when cardinality(v_off) > 0 then format('%s are disabled', cardinality(v_off)) else 'all are enabled' end,
        array_to_string(v_off, '; ') || '. Find out who did that, and what was changed meanwhile.';
end
$$;

comment on function points.doctor_rights() is
    'Whether roles have the rights that jifen migrate granted, whether the one that is connected suits a gateway, and whether the guards of the ledger are enabled. A step of api.doctor.';
