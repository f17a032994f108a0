create or replace function points.doctor_room(p_connections int)
returns table (topic text, state text, finding text, remedy text)
language plpgsql volatile as $$
declare
    v_free int;
    v_needed int := coalesce(p_connections, 32);
    v_slots int := current_setting('max_locks_per_transaction')::int
        * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int);
    v_relations bigint;
begin
    select least(
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int,
        (select nullif(d.datconnlimit, -1) from pg_catalog.pg_database d where d.datname = current_database()),
        (select nullif(r.rolconnlimit, -1) from pg_catalog.pg_roles r where r.rolname = session_user))
    into v_free;
    return query
    select 'connections', case when v_free < v_needed then 'fail' when v_free < 2 * v_needed then 'warn' else 'ok' end,
        format('%s may be open, and a gateway opens up to %s', v_free, v_needed),
        format('Let there be %s for each gateway, and for one more during an upgrade: max_connections (then restart the server), or the limit of the role or the database.', v_needed);
    -- A statement that reads the ledger across months locks each month's tables with their indexes.
    select count(*) into v_relations
    from pg_catalog.pg_partition_tree('points.entry') t
    cross join lateral (select t.relid union all select i.indexrelid from pg_catalog.pg_index i where i.indrelid = t.relid) r;
    return query
    select 'locks', case when v_slots < v_needed * v_relations then 'warn' else 'ok' end,
        format('the server has room for %s locks; %s connections that read all months take %s', v_slots, v_needed, v_needed * v_relations),
        format('alter system set max_locks_per_transaction = %s, and restart the server; or archive old months.',
            greatest(64, ceil(v_needed * v_relations::numeric / greatest(current_setting('max_connections')::int, 1))));
end
$$;

comment on function points.doctor_room(int) is
    'Whether there are connections and locks for a gateway: p_connections is how many it opens; null: as many as this version does. A step of api.doctor.';
