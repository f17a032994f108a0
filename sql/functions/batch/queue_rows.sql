create or replace function points.queue_rows(p_ticket uuid, p_rows jsonb, p_set_aside boolean, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_batch points.batch;
    v_places int[];
    v_codes text[];
    v_details jsonb[];
    v_count int := case when jsonb_typeof(p_rows) = 'array' then jsonb_array_length(p_rows) else 0 end;
begin
    select * into strict v_batch from points.batch b where b.ticket = p_ticket;
    if v_count = 0 or v_batch.size % 500 <> 0 or v_batch.size + v_count > 1000000 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'rows', 'message', 'must be 1 to 1000000, and whole pieces of 500 but for the last'));
    end if;
    perform points.check_room(v_batch.client_id, v_count);
    select coalesce(array_agg(f.place order by f.place), '{}'), array_agg(f.code order by f.place), array_agg(f.detail order by f.place)
    into v_places, v_codes, v_details
    from points.batch_faults(v_batch.client_id, p_rows, p_now) f;
    if cardinality(v_places) > 0 and not p_set_aside then
        perform points.raise_refusal(v_codes[1], v_details[1] || jsonb_build_object('row', v_batch.size + v_places[1]));
    end if;

    insert into points.batch_piece (ticket, no, numbers, rows)
    select p_ticket, (v_batch.size + e.ord - 1) / 500 + 1, array_agg(v_batch.size + e.ord order by e.ord), jsonb_agg(e.value order by e.ord)
    from jsonb_array_elements(p_rows) with ordinality as e(value, ord)
    where e.ord <> all (v_places)
    group by 2;
    insert into points.batch_result (ticket, no, attempt, done, refused, failed, results)
    select p_ticket, (v_batch.size + f.place - 1) / 500 + 1, 0, 0, 0, count(*), jsonb_agg(jsonb_build_object(
        'number', v_batch.size + f.place, 'key', p_rows -> f.place - 1 ->> 'idempotency_key', 'state', 'failed', 'code', f.code,
        'message', case when f.code = 'FORBIDDEN' then 'The client may not do this.' else concat_ws(': ', f.detail ->> 'path', f.detail ->> 'message') end,
        'details', f.detail) order by f.place)
    from unnest(v_places, v_codes, v_details) as f(place, code, detail)
    group by 2;

    update points.batch b
    set size = b.size + v_count, failed = b.failed + cardinality(v_places), touched_at = p_now
    where b.ticket = p_ticket;
    -- Last, since others of the client wait for it.
    insert into points.batch_turn as t (client_id, waiting) values (v_batch.client_id, v_count - cardinality(v_places))
    on conflict (client_id) do update set waiting = t.waiting + excluded.waiting;
    perform points.check_room(v_batch.client_id, 0);
end
$$;

comment on function points.queue_rows(uuid, jsonb, boolean, timestamptz) is
    'Adds rows to a batch that is not whole, in pieces of 500. What is wrong with one is raised, with the number of the row in detail, or, p_set_aside, becomes its answer. Leaves the client''s row of points.batch_turn locked. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP929.';
