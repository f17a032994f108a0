create or replace function api.put_deliveries(
    p_buckets smallint[], p_events bigint[], p_webhooks int[], p_attempts int[], p_statuses int[], p_failures text[]
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform points.report_deliveries(p_buckets, p_events, p_webhooks, p_attempts, p_statuses, p_failures);
end
$$;

comment on function api.put_deliveries(smallint[], bigint[], int[], int[], int[], text[]) is
    'Reports what came of deliveries, for a gateway that sent them: points.report_deliveries by the clock.';
