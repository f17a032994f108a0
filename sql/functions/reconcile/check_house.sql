create or replace function points.check_house(p_now timestamptz) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'partitions_are_there', null::bigint, '', jsonb_build_object('fault', f.fault)
        from points.partition_fault(p_now) as f(fault)
        where f.fault is not null
        union all
        -- Bits of pg_trigger.tgtype.
        select 'guards_are_in_place', null::bigint, c.relname::text, jsonb_build_object('unguarded_against', array_agg(e.event))
        from pg_catalog.pg_class t
        join lateral (
            select t.oid union all select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent = t.oid
        ) p on true
        join pg_catalog.pg_class c on c.oid = p.oid
        cross join (values ('delete', 8), ('update', 16), ('truncate', 32)) as e(event, bit)
        where t.relnamespace = 'points'::regnamespace and t.relkind in ('r', 'p') and not t.relispartition
            and pg_catalog.obj_description(t.oid, 'pg_class') ~ 'Append-only|Rows never change'
            and not exists (
                select from pg_catalog.pg_trigger g
                where g.tgrelid = c.oid and g.tgenabled in ('O', 'A') and g.tgtype::int & e.bit <> 0 and g.tgtype::int & 2 <> 0
                    and g.tgfoid = 'points.refuse_change'::regproc and g.tgqual is null and g.tgattr::text = '')
        group by c.relname
        union all
        select 'guards_are_in_place', null::bigint, c.relname::text, jsonb_build_object('without', 'a valid primary key')
        from pg_catalog.pg_class c
        where c.relnamespace = 'points'::regnamespace and c.relkind in ('r', 'p')
            and not exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary and i.indisvalid)
        union all
        select 'guards_are_in_place', null::bigint, g.of_table || ' ' || g.name, jsonb_build_object('was', g.definition, 'is', n.definition)
        from points.guard g
        left join points.guards() n on n.of_table = g.of_table and n.name = g.name
        where n.definition is distinct from g.definition
        union all
        select 'program_knows_its_rules', null::bigint, '', jsonb_build_object('governed_rules', p.governed_rules, 'should_be', q.rules, 'governs_origins', p.governs_origins)
        from points.program p
        cross join lateral (
            select array(
                select unnest(l.rules) as rule from points.earn_limit l where l.active
                union select unnest(c.rules) from points.campaign c where c.status <> 'ended'
                union select unnest(k.rules) from points.risk_rule k where k.mode <> 'off'
                union select unnest(w.multiplied_rules) from points.wallet w join points.level l on l.wallet = w.code and l.multiplier > 1
                order by rule) as rules
        ) q
        where p.governed_rules <> q.rules
            or p.governs_origins <> (exists (select from points.earn_limit l where l.active and l.per <> 'member')
                or exists (select from points.risk_rule k where k.mode <> 'off' and k.measure::text ~ '^(address|device)'));
end
$$;

comment on function points.check_house(timestamptz) is
    'Partitions, the triggers on what is append-only, primary keys and constraints, and what the program knows of its rules: partitions_are_there, guards_are_in_place, program_knows_its_rules.';
