create or replace function points.discard_batch(p_ticket uuid) returns void
language plpgsql volatile as $$
declare
    v_batch points.batch;
begin
    select * into v_batch from points.batch b where b.ticket = p_ticket and b.queued_at is null for update;
    if v_batch.ticket is null then
        return;
    end if;
    delete from points.batch_piece p where p.ticket = p_ticket;
    delete from points.batch_result r where r.ticket = p_ticket;
    delete from points.batch b where b.ticket = p_ticket;
    update points.batch_turn t set waiting = t.waiting - (v_batch.size - v_batch.failed) where t.client_id = v_batch.client_id;
end
$$;

comment on function points.discard_batch(uuid) is
    'Deletes a batch that is not whole.';
