create or replace function points.vain_pages(p_index regclass) returns bigint
language plpgsql volatile
set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off set enable_bitmapscan = on set random_page_cost = 0 set seq_page_cost = 0 set synchronize_seqscans = off set max_parallel_workers_per_gather = 0 set jit = off as $$
declare
    v_relation regclass := (select i.indrelid::regclass from pg_catalog.pg_index i where i.indexrelid = p_index);
    v_first timestamptz;
    v_plan json;
begin
    -- The first in the table, and not one where somebody else's scan has come to.
    execute format('select recorded_at from %s limit 1', v_relation) into v_first;
    -- Found on the first page that is read, so no other one is: asking costs nothing, whatever it answers.
    execute format('explain (analyze, timing off, summary off, format json) select from %s where recorded_at = %L limit 1', v_relation, v_first) into v_plan;
    -- Of a page that may have it, the index gives ten rows.
    return (
        select ceil((n ->> 'Actual Rows')::numeric / 10)::bigint
        from jsonb_path_query(v_plan::jsonb, 'strict $.**?(@."Node Type" == "Bitmap Index Scan")') n
        where n ->> 'Index Name' = (select c.relname from pg_catalog.pg_class c where c.oid = p_index));
end
$$;

comment on function points.vain_pages(regclass) is
    'Pages of a table, or partition, on which its BRIN index by recorded_at cannot tell that an instant is not: those of the range where the first row lies, with neighbours that overlap it, and all of which the index has nothing. Null: it is not known.';
