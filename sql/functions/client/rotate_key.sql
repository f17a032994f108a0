create or replace function api.rotate_key(
    p_name text, p_key_sha256 bytea, p_valid_until timestamptz, p_expires_at timestamptz default null, p_now timestamptz default null
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_id int;
    v_ending int;
begin
    if p_expires_at <= v_now then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'expires_at', 'message', 'must be in the future'));
    end if;
    if length(p_key_sha256) is distinct from 32 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'key_sha256', 'message', 'must have 32 bytes'));
    end if;
    -- One rotation after the other.
    select c.id into v_id from points.client c where c.name = p_name and c.revoked_at is null and c.id >= 100 for no key update;
    if not found then
        return null;
    end if;
    delete from points.client_key k where k.client_id = v_id and k.expires_at <= v_now;
    update points.client_key k set expires_at = greatest(p_valid_until, v_now)
    where k.client_id = v_id and k.expires_at > greatest(p_valid_until, v_now);
    select count(*)::int into v_ending from points.client_key k where k.client_id = v_id;
    insert into points.client_key (key_sha256, client_id, created_at, expires_at)
    values (p_key_sha256, v_id, v_now, coalesce(p_expires_at, 'infinity'))
    on conflict (key_sha256) do nothing;
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'key_sha256', 'message', 'is another key''s'));
    end if;
    return v_ending;
end
$$;

comment on function api.rotate_key(text, bytea, timestamptz, timestamptz, timestamptz) is
    'Gives a client a new key beside those it has, which end at p_valid_until, or earlier if they would have; each gateway heeds that within a second, and sockets within some seconds. Where a key has leaked, revoke the client first. p_key_sha256: SHA-256 of the new key; p_expires_at: when that expires, null: never; p_now moves the clock in tests. Returns how many keys end; null: no such client, or revoked. Raises LP001 INVALID_INPUT.';
