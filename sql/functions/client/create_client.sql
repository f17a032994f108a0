create or replace function api.create_client(p_name text, p_key_sha256 bytea, p_scopes text[], p_rules text[] default null)
returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_id int;
begin
    insert into points.client (name, key_sha256, scopes, rules)
    values (p_name, p_key_sha256, p_scopes, p_rules)
    on conflict (name) do update
        set key_sha256 = excluded.key_sha256, scopes = excluded.scopes, rules = excluded.rules, revoked_at = null
        where client.id > 1
    returning id into v_id;
    if v_id is null then
        raise exception using errcode = 'LP001', message = 'INVALID_INPUT', detail = '{"path": "name"}',
            hint = format('%s is Jifen''s own name.', p_name);
    end if;
    return v_id;
end
$$;

comment on function api.create_client(text, bytea, text[], text[]) is
    'Makes a client with an API key, or gives the client of that name a new key, scopes and rules: its idempotency keys stay. p_key_sha256: SHA-256 of the key; p_scopes: earn, spend, reverse, adjust, rewards, rules, webhooks, read; p_rules: rules it may earn by, null: all. Returns the client''s id.';
