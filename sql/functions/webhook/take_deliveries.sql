create or replace function api.take_deliveries()
returns table (bucket smallint, event bigint, webhook int, attempt int, url text, to_private boolean, id text, sent_at bigint, signature text, body text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform points.queue_deliveries(500);
    return query select * from points.claim_deliveries();
end
$$;

comment on function api.take_deliveries() is
    'Queues what has happened, and claims what is to be sent now, for a gateway that sends it: points.queue_deliveries and points.claim_deliveries by the clock.';
