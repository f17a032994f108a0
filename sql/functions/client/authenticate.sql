create or replace function api.authenticate(p_key_sha256 bytea, p_now timestamptz default null)
returns table (id int, scopes text[], wallets text[], rate float8, burst int, expires_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select c.id, c.scopes, c.wallets, c.rate::float8, c.burst, nullif(k.expires_at, 'infinity')
        from points.client_key k
        join points.client c on c.id = k.client_id
        where k.key_sha256 = p_key_sha256 and k.expires_at > coalesce(p_now, clock_timestamp()) and c.revoked_at is null;
end
$$;

comment on function api.authenticate(bytea, timestamptz) is
    'The client whose API key has this SHA-256, and when the key expires (null: never); no row: no such key, or expired, or revoked. Keys are found by their hash, so nothing can be learnt of a key from how long this takes.';
