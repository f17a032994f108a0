create or replace function api.batch_rows(p_ticket uuid, p_after int, p_limit int, p_state points.row_state default null)
returns table (number int, idempotency_key text, state points.row_state, points bigint, operation_id uuid, code text, message text, details jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_no int := p_after / 500 + 1;
    v_left int := p_limit;
    v_got int;
begin
    while v_left > 0 loop
        v_no := least((
            select r.no from points.batch_result r
            where r.ticket = p_ticket and r.no >= v_no
                and case p_state when 'done' then r.done > 0 when 'refused' then r.refused > 0 when 'failed' then r.failed > 0 when 'waiting' then false else true end
            order by r.no
            limit 1
        ), (
            select p.no from points.batch_piece p where p.ticket = p_ticket and p.no >= v_no and coalesce(p_state, 'waiting') = 'waiting' order by p.no limit 1
        ));
        exit when v_no is null;
        return query
            select q.number, q.key, q.state, q.points, q.operation, q.code, q.message, q.details
            from (
                select x.* from points.batch_result r
                cross join lateral jsonb_to_recordset(r.results) as x(
                    number int, key text, state points.row_state, points bigint, operation uuid, code text, message text, details jsonb)
                where r.ticket = p_ticket and r.no = v_no
                union all
                select i.number, p.rows -> (i.place - 1)::int ->> 'idempotency_key', 'waiting', null, null, null, null, null
                from points.batch_piece p
                cross join lateral unnest(p.numbers) with ordinality as i(number, place)
                where p.ticket = p_ticket and p.no = v_no
            ) q
            where q.number > p_after and (p_state is null or q.state = p_state)
            order by q.number
            limit v_left;
        get diagnostics v_got = row_count;
        v_left := v_left - v_got;
        v_no := v_no + 1;
    end loop;
end
$$;

comment on function api.batch_rows(uuid, int, int, points.row_state) is
    'Rows of a batch after the number p_after, p_limit at most, in order; p_state: those in this state only. points: what was moved, as api.operation has it; code, message and details: why it was refused or set aside.';
