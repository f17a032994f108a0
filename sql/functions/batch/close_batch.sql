create or replace function api.close_batch(p_client_id int, p_ticket uuid, p_idempotency_key text, p_label text, p_fingerprint bytea)
returns table (replayed boolean, ticket uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_known uuid := points.known_batch(p_client_id, p_idempotency_key, p_label, p_fingerprint);
begin
    if v_known = p_ticket then
        return query select true, v_known;
        return;
    end if;
    perform from points.batch b
    where b.ticket = p_ticket and b.client_id = p_client_id and b.queued_at is null and b.size > 0;
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'ticket', 'message', 'no such upload, or it has no rows'));
    end if;
    return query select c.replayed, c.ticket from points.complete_batch(p_ticket, p_idempotency_key, p_fingerprint, clock_timestamp()) c;
end
$$;

comment on function api.close_batch(int, uuid, text, text, bytea) is
    'Ends an upload: its rows are carried out from now on. If there was a batch under the key, it says whether it is the same. Raises LP001 INVALID_INPUT, LP004 IDEMPOTENCY_CONFLICT.';
