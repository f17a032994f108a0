create or replace function points.new_secret() returns bytea
language plpgsql volatile as $$
begin
    -- Each uuid has 122 bits of the system's randomness.
    return sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
end
$$;

comment on function points.new_secret() is
    'A new secret for signatures: 32 random bytes.';
