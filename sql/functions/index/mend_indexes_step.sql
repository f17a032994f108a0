create or replace function points.mend_indexes_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
-- Less than deadlock_timeout: whoever waits as long for autovacuum cancels it, and that is what breaks them.
language plpgsql volatile set lock_timeout = '500ms' as $$
declare
    v_index record;
    v_first bigint;
    v_vain bigint;
    v_pages bigint;
begin
    done := 0;
    due_since := null;
    failure := null;
    for v_index in
        select i.indexrelid::regclass as name, i.indrelid as relation,
            coalesce((select o.option_value::int from pg_catalog.pg_options_to_table(c.reloptions) o where o.option_name = 'pages_per_range'), 128) as range
        from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid
        join pg_catalog.pg_am m on m.oid = c.relam
        where c.relnamespace = 'points'::regnamespace and c.relkind = 'i' and m.amname = 'brin'
        order by pg_relation_size(i.indrelid) desc
    loop
        v_first := points.vain_pages(v_index.name);
        continue when coalesce(v_first, 0) <= p_limit;
        begin
            perform brin_summarize_new_values(v_index.name);
            for v_turn in 0..10 loop
                v_pages := pg_relation_size(v_index.relation) / current_setting('block_size')::bigint;
                v_vain := points.vain_pages(v_index.name);
                exit when v_vain <= p_limit or v_turn = 10;
                -- What is in vain goes from the first broken range to the end; a few ranges at the beginning were counted, too, so it is
                -- one of these.
                perform brin_desummarize_range(v_index.name, b.block), brin_summarize_range(v_index.name, b.block)
                from generate_series(greatest(v_pages - v_vain, 0), v_pages - v_vain + 4 * v_index.range, v_index.range) as b(block)
                where b.block < v_pages;
            end loop;
            if v_vain <= p_limit then
                done := done + 1;
            elsif v_vain < v_first then
                done := done + 1;
                due_since := coalesce(p_now, clock_timestamp());
            else
                failure := concat_ws('; ', failure, format('%s has nothing on %s pages: reindex index concurrently %s', v_index.name, v_vain, v_index.name));
            end if;
        exception when lock_not_available then
            failure := concat_ws('; ', failure, format('%s is in use by a vacuum or a change of its table', v_index.name));
        end;
    end loop;
end
$$;

comment on function points.mend_indexes_step(int, timestamptz) is
    'Job mend_indexes: where points.vain_pages are more than p_limit, has the index say what is on them. A range whose summing up was broken off (an autovacuum that somebody else''s lock cancelled, a crash) says nothing for ever, and PostgreSQL then reads all pages after it as well. p_now moves the clock in tests; null: the clock.';
