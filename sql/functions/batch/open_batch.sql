create or replace function api.open_batch(p_client_id int, p_idempotency_key text, p_label text)
returns table (ticket uuid, known boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
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
    -- One at a time of a client.
    perform from points.client c where c.id = p_client_id for no key update;
    if (select count(*) from points.batch b where b.client_id = p_client_id and b.queued_at is null) >= 8 then
        raise exception using
            errcode = 'LP929',
            message = 'too many uploads are open',
            detail = jsonb_build_object('uploads', 8, 'limit', 8)::text;
    end if;
    return query insert into points.batch as b (client_id, label, touched_at) values (p_client_id, p_label, clock_timestamp())
        returning b.ticket, false;
end
$$;

comment on function api.open_batch(int, text, text) is
    'Begins an upload: rows come by api.append_rows, and nothing is carried out before api.close_batch. known: there is a batch under this key, so only the fingerprint is to be compared, by api.close_batch. A client may have eight uploads at a time. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP929.';
