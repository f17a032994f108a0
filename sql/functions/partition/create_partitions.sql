create or replace function api.create_partitions(p_from timestamptz default now()) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (p_from >= '1970-01-01 00:00Z' and p_from < '9999-01-01 00:00Z') is not true then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'from', 'message', 'must be from 1970 to 9998'));
    end if;
    return points.make_partitions(3, p_from);
end
$$;

comment on function api.create_partitions(timestamptz) is
    'Makes the monthly partitions of entries and lot uses for the month of p_from, unless given this one, and three more, where absent, and moves rows that have waited for them in the default one. Returns how many it made. Repeatable; jifen migrate runs it, and a job every hour. Raises LP001 INVALID_INPUT.';
