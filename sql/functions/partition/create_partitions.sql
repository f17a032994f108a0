create or replace function api.create_partitions() returns int
language plpgsql volatile security definer set search_path = '' as $$
begin
    return points.make_partitions(3, now());
end
$$;

comment on function api.create_partitions() is
    'Makes the monthly partitions of entries and lot uses for this month and three more, where absent. Returns how many it made. Repeatable; jifen migrate runs it, and a job every hour.';
