create or replace function api.append_rows(p_client_id int, p_ticket uuid, p_rows jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform from points.batch b
    where b.ticket = p_ticket and b.client_id = p_client_id and b.queued_at is null
    for no key update;
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'ticket', 'message', 'no such upload'));
    end if;
    perform points.queue_rows(p_ticket, p_rows, false, clock_timestamp());
end
$$;

comment on function api.append_rows(int, uuid, jsonb) is
    'Adds rows to an upload: whole pieces of 500 but for the last, as api.submit_operations takes them. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP929.';
