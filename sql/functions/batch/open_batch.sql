create or replace function api.open_batch(p_client_id int, p_idempotency_key text, p_label text)
returns table (ticket uuid, known boolean)
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_ticket uuid;
begin
    perform points.may_submit(p_client_id);
    v_ticket := points.known_batch(p_client_id, p_idempotency_key, p_label, null);
    if v_ticket is not null then
        return query select v_ticket, true;
        return;
    end if;
    perform points.check_room(p_client_id, 1);
    return query insert into points.batch as b (client_id, label, touched_at) values (p_client_id, p_label, clock_timestamp())
        returning b.ticket, false;
end
$$;

comment on function api.open_batch(int, text, text) is
    'Begins an upload: rows come by api.append_rows, and nothing is carried out before api.close_batch. known: there is a batch under this key, so only the fingerprint is to be compared, by api.close_batch. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP929.';
