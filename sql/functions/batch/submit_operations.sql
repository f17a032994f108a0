create or replace function api.submit_operations(
    p_client_id int, p_idempotency_key text, p_label text, p_fingerprint bytea, p_rows jsonb, p_set_aside boolean default false
) returns table (replayed boolean, ticket uuid, set_aside int[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now timestamptz := clock_timestamp();
    v_ticket uuid;
begin
    perform points.may_submit(p_client_id);
    v_ticket := points.known_batch(p_client_id, p_idempotency_key, p_label, p_fingerprint);
    if v_ticket is not null then
        return query select true, v_ticket, points.set_aside(v_ticket);
        return;
    end if;
    if jsonb_typeof(p_rows) is distinct from 'array' or jsonb_array_length(p_rows) not between 1 and 5000 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'operations', 'message', 'must be 1 to 5000'));
    end if;
    perform points.check_room(p_client_id, jsonb_array_length(p_rows));
    insert into points.batch (client_id, label, touched_at) values (p_client_id, p_label, v_now) returning batch.ticket into v_ticket;
    perform points.queue_rows(v_ticket, p_rows, p_set_aside, v_now);
    select c.replayed, c.ticket into replayed, ticket from points.complete_batch(v_ticket, p_idempotency_key, p_fingerprint, v_now) c;
    set_aside := points.set_aside(ticket);
    return next;
end
$$;

comment on function api.submit_operations(int, text, text, bytea, jsonb, boolean) is
    'Queues 1 to 5000 operations (earn, spend, adjust) of a client, to be carried out soon, and answers the ticket of the batch: the same one for the same key and fingerprint, a SHA-256 of the rows. p_rows: an array of objects like api.request, without client_id. All are queued or none; p_set_aside: those at fault become failed rows, whose numbers, from 1, are set_aside, and the others are queued. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, and LP929 if too many rows wait.';
