create or replace function api.recount_flows() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_until timestamptz;
begin
    select c.counted_until into v_until from points.flow_count c for update;
    delete from points.hourly_flow f where f.hour <= 'infinity';
    return points.count_entries('-infinity', v_until);
end
$$;

comment on function api.recount_flows() is
    'Counts all flows anew, as far as they were counted, in one transaction that reads every entry: for a database whose clock was set back meanwhile, or whose time zone has changed. Returns how many entries it counted.';
