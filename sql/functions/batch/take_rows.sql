create or replace function api.take_rows() returns table (ticket uuid, no int, fence int, client_id int, numbers int[], rows jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select * from points.claim_piece();
end
$$;

comment on function api.take_rows() is
    'Takes a piece of a batch, for a gateway that carries it out: points.claim_piece by the clock.';
