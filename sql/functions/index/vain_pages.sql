create or replace function points.vain_pages(p_relation regclass) returns bigint
language plpgsql volatile
set enable_seqscan = off set enable_indexscan = off set max_parallel_workers_per_gather = 0 set jit = off as $$
declare
    v_plan json;
begin
    execute format('explain (analyze, timing off, summary off, format json) select from %s where recorded_at = ''infinity''', p_relation) into v_plan;
    -- Ten rows a page is what the index gives where it cannot know.
    return ceil(jsonb_path_query_first(v_plan::jsonb, 'strict $.**?(@."Node Type" == "Bitmap Index Scan")."Actual Rows"')::numeric / 10)::bigint;
end
$$;

comment on function points.vain_pages(regclass) is
    'Pages of a table, or partition, that its index by recorded_at says nothing of: whoever looks for an instant reads them, whichever it is. It reads them itself. Null: there is no such index.';
