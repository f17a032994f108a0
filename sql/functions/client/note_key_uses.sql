create or replace function api.note_key_uses(p_keys_sha256 bytea[], p_used_at timestamptz[]) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_noted int;
begin
    with used as (
        select k.key_sha256, u.used_at
        from unnest(p_keys_sha256, p_used_at) u(key_sha256, used_at)
        join points.client_key k on k.key_sha256 = u.key_sha256
        where k.last_used_at is null or k.last_used_at <= u.used_at - interval '1 minute'
        order by k.key_sha256
        for no key update of k
    )
    update points.client_key k set last_used_at = u.used_at from used u where k.key_sha256 = u.key_sha256;
    get diagnostics v_noted = row_count;
    return v_noted;
end
$$;

comment on function api.note_key_uses(bytea[], timestamptz[]) is
    'Keeps when API keys were last used: at most once a minute for each, however many gateways tell. Returns how many it has changed.';
