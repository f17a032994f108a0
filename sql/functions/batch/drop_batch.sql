create or replace function api.drop_batch(p_client_id int, p_ticket uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from points.batch b where b.ticket = p_ticket and b.client_id = p_client_id) then
        perform points.discard_batch(p_ticket);
    end if;
end
$$;

comment on function api.drop_batch(int, uuid) is
    'Gives an upload up. What is whole already stays.';
