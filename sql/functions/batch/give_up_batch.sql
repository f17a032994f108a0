create or replace function points.give_up_batch(p_ticket uuid, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_batch points.batch;
    v_left int;
begin
    select * into strict v_batch from points.batch b where b.ticket = p_ticket;
    v_left := v_batch.size - v_batch.done - v_batch.refused - v_batch.failed;
    insert into points.batch_result (ticket, no, attempt, done, refused, failed, results)
    select p_ticket, (i.number - 1) / 500 + 1, (select coalesce(max(r.attempt), 0) + 1 from points.batch_result r where r.ticket = p_ticket),
        0, 0, count(*), jsonb_agg(jsonb_build_object('number', i.number, 'state', 'failed', 'code', 'OUTCOME_UNKNOWN',
            'message', 'The row is lost. Send it again under its key: it is done once at most.') order by i.number)
    from (
        select n as number from generate_series(1, v_batch.size) n
        except
        select (x.value ->> 'number')::int from points.batch_result r cross join lateral jsonb_array_elements(r.results) x where r.ticket = p_ticket
    ) i
    group by 2;
    update points.batch b
    set failed = b.failed + v_left, due_at = null, done_at = p_now
    where b.ticket = p_ticket;
    update points.batch_turn t set waiting = t.waiting - least(v_left, t.waiting) where t.client_id = v_batch.client_id;
end
$$;

comment on function points.give_up_batch(uuid, timestamptz) is
    'Sets aside the rows of a batch that are neither answered nor there any more, which no function of Jifen brings about, so that it ends and others of the client go on.';
