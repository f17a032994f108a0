create or replace function points.claim_piece(p_now timestamptz default null)
returns table (ticket uuid, no int, fence int, client_id int, numbers int[], rows jsonb)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_client int;
    v_passed int[] := array[]::int[];
    v_batch points.batch;
    v_piece points.batch_piece;
begin
    loop
        -- One alone: others are for whoever comes meanwhile.
        select t.client_id into v_client from points.batch_turn t
        where t.waiting > 0 and t.client_id <> all (v_passed) and exists (
            select from points.batch b where b.client_id = t.client_id and b.due_at is not null and b.due_at <= v_now)
        order by t.served_at, t.client_id
        limit 1
        for no key update skip locked;
        exit when not found;
        select * into v_batch from points.batch b
        where b.client_id = v_client and b.due_at is not null and b.due_at <= v_now
        order by b.due_at
        limit 1
        for no key update skip locked;
        if not found then
            v_passed := v_passed || v_client;
            continue;
        end if;
        select * into v_piece from points.batch_piece p
        where p.ticket = v_batch.ticket and p.no >= v_batch.at_no
        order by p.no
        limit 1;
        if not found then
            perform points.give_up_batch(v_batch.ticket, v_now);
            continue;
        end if;
        update points.batch b
        set due_at = v_now + interval '1 minute', at_no = v_piece.no, fence = b.fence + 1, attempts = b.attempts + 1, unanswered = b.unanswered + 1,
            tried_since = coalesce(b.tried_since, v_now), started_at = coalesce(b.started_at, v_now)
        where b.ticket = v_batch.ticket;
        update points.batch_turn t set served_at = v_now where t.client_id = v_client;
        if v_batch.unanswered < 5 then
            return query select v_batch.ticket, v_piece.no, v_batch.fence + 1, v_client, v_piece.numbers, v_piece.rows;
            return;
        end if;
        -- Whoever takes it perishes.
        perform points.answer_piece(v_batch.ticket, v_piece.no, v_batch.fence + 1, (
            select jsonb_agg(jsonb_build_object('number', n, 'code', 'OUTCOME_UNKNOWN', 'given_up', true,
                'message', 'Five attempts ended without an answer. Send it again under its key: it is done once at most.'))
            from unnest(v_piece.numbers) n), v_now);
        v_passed := v_passed || v_client;
    end loop;
end
$$;

comment on function points.claim_piece(timestamptz) is
    'The next piece to be carried out: of the client whose last one is longest ago, its oldest batch; of a batch one at a time, in order. Whoever takes it has a minute to answer, under the fence that it is told (points.answer_piece); after that it is taken again, and after five times without an answer set aside. p_now moves the clock in tests; null: the clock.';
