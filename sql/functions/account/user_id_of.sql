create or replace function points.user_id_of(p_bucket smallint, p_account_id bigint) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (select a.user_id from points.account a where a.bucket = p_bucket and a.id = p_account_id);
end
$$;

comment on function points.user_id_of(smallint, bigint) is
    'The host''s name for the member whose account it is.';
