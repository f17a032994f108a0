create or replace function points.current_level(p_of_bucket smallint, p_account_id bigint) returns text
language plpgsql stable security definer
-- A plan made while tables were empty must not read them whole later.
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    return (select (l.weighed).level from points.level_now(p_of_bucket, p_account_id, now()) l);
end
$$;

comment on function points.current_level(smallint, bigint) is
    'The level that an account shows now, booked or not.';
