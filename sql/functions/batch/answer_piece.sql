create or replace function points.answer_piece(p_ticket uuid, p_no int, p_fence int, p_answers jsonb, p_now timestamptz default null) returns boolean
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_batch points.batch;
    v_left int[];
    v_done int;
    v_refused int;
    v_failed int;
    v_faults int;
    v_results jsonb;
    v_all boolean;
    v_attempts int;
begin
    select * into v_batch from points.batch b
    where b.ticket = p_ticket and b.at_no = p_no and b.fence = p_fence and b.unanswered > 0 and b.due_at is not null
    for no key update;
    if v_batch.ticket is null then
        return false;
    end if;
    select
        count(*) filter (where q.state = 'done')::int, count(*) filter (where q.state = 'refused')::int,
        count(*) filter (where q.state = 'failed')::int, count(*) filter (where q.state = 'waiting' and q.code is not null)::int,
        jsonb_agg(jsonb_strip_nulls(jsonb_build_object('number', q.number, 'key', q.key, 'state', q.state, 'points', q.points,
            'operation', q.operation, 'code', q.code, 'message', q.message, 'details', q.details)) order by q.number)
            filter (where q.state <> 'waiting'),
        coalesce(array_agg(q.number order by q.number) filter (where q.state = 'waiting'), '{}')
    into v_done, v_refused, v_failed, v_faults, v_results, v_left
    from (
        select i.number, p.rows -> (i.place - 1)::int ->> 'idempotency_key' as key, a.points, a.operation, a.code, a.message, a.details,
            case
                when a.number is null then 'waiting'
                when a.code is null then 'done'
                when a.given_up then 'failed'
                when a.code = 'INTERNAL' then case when v_batch.attempts < 3 then 'waiting' else 'failed' end
                when a.retryable then case
                    when v_batch.attempts < 10 or v_batch.tried_since > v_now - interval '1 hour' then 'waiting' else 'failed' end
                else 'refused'
            end::points.row_state as state
        from points.batch_piece p
        cross join lateral unnest(p.numbers) with ordinality as i(number, place)
        left join jsonb_to_recordset(p_answers) as a(
            number int, points bigint, operation uuid, code text, message text, details jsonb, retryable boolean, given_up boolean)
            on a.number = i.number
        where p.ticket = p_ticket and p.no = p_no
    ) q;

    if v_results is not null then
        insert into points.batch_result (ticket, no, attempt, done, refused, failed, results)
        values (p_ticket, p_no, v_batch.attempts, v_done, v_refused, v_failed, v_results);
    end if;
    if cardinality(v_left) = 0 then
        delete from points.batch_piece p where p.ticket = p_ticket and p.no = p_no;
    elsif v_results is not null then
        update points.batch_piece p
        set numbers = v_left, rows = (
            select jsonb_agg(p.rows -> (i.place - 1)::int order by i.place)
            from unnest(p.numbers) with ordinality as i(number, place) where i.number = any (v_left))
        where p.ticket = p_ticket and p.no = p_no;
    end if;
    v_all := v_batch.done + v_batch.refused + v_batch.failed + v_done + v_refused + v_failed = v_batch.size;
    v_attempts := case
        when cardinality(v_left) = 0 then 0
        -- Nobody has tried it.
        when v_results is null and v_faults = 0 then v_batch.attempts - 1
        else v_batch.attempts
    end;
    update points.batch b
    set done = b.done + v_done, refused = b.refused + v_refused, failed = b.failed + v_failed, unanswered = 0,
        at_no = case when cardinality(v_left) = 0 then p_no + 1 else p_no end,
        fence = b.fence + 1,
        attempts = v_attempts,
        tried_since = case when v_attempts > 0 then b.tried_since end,
        done_at = case when v_all then v_now end,
        -- The oldest of a client goes first.
        due_at = case
            when v_all then null
            when v_faults = 0 then b.queued_at
            else v_now + least(interval '1 second' * 2 ^ least(v_batch.attempts - 1, 6), interval '1 minute')
        end
    where b.ticket = p_ticket;
    update points.batch_turn t set waiting = t.waiting - (v_done + v_refused + v_failed) where t.client_id = v_batch.client_id;
    return true;
end
$$;

comment on function points.answer_piece(uuid, int, int, jsonb, timestamptz) is
    'What came of the rows of a piece that was taken: an array of objects with number; points and operation if it was carried out; code, message, details and retryable if not. A fault (retryable, or INTERNAL) is tried again after 1, 2, 4 ... 60 seconds, and set aside after ten attempts and an hour, or, INTERNAL, after three attempts; any other code is a refusal. Rows without an answer are given back: they are next, at once, and a piece that is given back as it was taken has not been attempted. False: nobody has taken it under this fence, or it was answered for since, or somebody else has taken it, and nothing is written. p_now moves the clock in tests; null: the clock.';
