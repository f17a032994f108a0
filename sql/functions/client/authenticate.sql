create or replace function api.authenticate(p_key_sha256 bytea)
returns table (id int, name text, scopes text[])
language plpgsql stable security definer set search_path = '' as $$
begin
    return query
        select c.id, c.name, c.scopes
        from points.client c
        where c.key_sha256 = p_key_sha256 and c.revoked_at is null;
end
$$;

comment on function api.authenticate(bytea) is
    'The client whose API key has this SHA-256; no row: no such key, or revoked.';
