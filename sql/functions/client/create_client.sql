create or replace function api.create_client(
    p_name text,
    p_key_sha256 bytea,
    p_scopes text[],
    p_rules text[] default null,
    p_wallets text[] default null,
    p_rate numeric default null,
    p_burst int default null,
    p_expires_at timestamptz default null,
    p_replace boolean default false
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_scopes text[] := points.scopes_of(p_scopes);
    v_fault text[] := points.client_fault(p_name, v_scopes, p_rules, p_wallets, p_rate, p_burst, p_expires_at);
    v_id int;
begin
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    if length(p_key_sha256) <> 32 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'key_sha256', 'message', 'must have 32 bytes'));
    end if;
    insert into points.client (name, scopes, rules, wallets, rate, burst)
    values (p_name, v_scopes, p_rules, p_wallets, p_rate, coalesce(p_burst, ceil(p_rate)::int))
    on conflict (name) do update
        set scopes = excluded.scopes, rules = excluded.rules, wallets = excluded.wallets, rate = excluded.rate, burst = excluded.burst, revoked_at = null
        where p_replace
    returning id into v_id;
    if v_id is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'name', 'message',
            'is taken: jifen key rotate gives a client another key, --replace (p_replace) makes it anew'));
    end if;
    delete from points.client_key k where k.client_id = v_id;
    insert into points.client_key (key_sha256, client_id, expires_at)
    select p_key_sha256, v_id, coalesce(p_expires_at, 'infinity')
    where p_key_sha256 is not null
    on conflict (key_sha256) do nothing;
    if not found and p_key_sha256 is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'key_sha256', 'message', 'is another key''s'));
    end if;
    return v_id;
end
$$;

comment on function api.create_client(text, bytea, text[], text[], text[], numeric, int, timestamptz, boolean) is
    'Makes a client with an API key. p_replace: where there is one of that name, gives it a new key, and scopes, rules and the rest anew, and its rights if it was revoked; its idempotency keys stay, its earlier keys end, which each gateway heeds within a second, and its sockets within some seconds. p_key_sha256: SHA-256 of the key, null: none; p_scopes: earn, spend, reverse, adjust, rewards, rules, webhooks, read, audit, or operator or auditor for theirs; p_rules: rules it may earn by, null: all; p_wallets: wallets it may read and change, null: all; p_rate: requests a second that each gateway takes of it, null: any number; p_burst: how many at once, p_rate unless given; p_expires_at: when the key expires, null: never. Returns the client''s id. Raises LP001 INVALID_INPUT.';
