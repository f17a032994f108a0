create or replace function points.mend_indexes_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
language plpgsql volatile as $$
declare
    v_index record;
    v_pages bigint;
    v_vain bigint;
begin
    done := 0;
    due_since := null;
    failure := null;
    for v_index in
        select i.indexrelid::regclass as name, i.indrelid::regclass as relation
        from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid
        join pg_catalog.pg_am m on m.oid = c.relam
        where c.relnamespace = 'points'::regnamespace and c.relkind = 'i' and m.amname = 'brin'
        order by c.relname
    loop
        continue when points.vain_pages(v_index.relation) <= p_limit;
        perform brin_summarize_new_values(v_index.name);
        -- Each turn mends one place, the first: all pages from there on are read in vain. So ten at most.
        for v_turn in 0..10 loop
            v_pages := pg_relation_size(v_index.relation) / current_setting('block_size')::bigint;
            v_vain := points.vain_pages(v_index.relation);
            exit when v_vain <= p_limit or v_turn = 10;
            perform brin_desummarize_range(v_index.name, greatest(v_pages - v_vain, 0)), brin_summarize_range(v_index.name, greatest(v_pages - v_vain, 0));
        end loop;
        if v_vain > p_limit then
            due_since := coalesce(p_now, clock_timestamp());
            failure := concat_ws('; ', failure, format('%s has nothing on %s pages: reindex index concurrently %s', v_index.name, v_vain, v_index.name));
        else
            done := done + 1;
        end if;
    end loop;
end
$$;

comment on function points.mend_indexes_step(int, timestamptz) is
    'Job mend_indexes: where more than p_limit pages of a table or partition are read for any instant, has its index by recorded_at say what is on them. A range whose summing up was broken off (a vacuum that somebody else''s lock cancelled, a crash) says nothing for ever, and PostgreSQL then reads all pages after it as well. p_now moves the clock in tests; null: the clock.';
