-- Roles belong to the whole server, so they may be there already from another database.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['jifen_owner', 'jifen_gateway', 'jifen_reader', 'jifen_operator'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
            execute format('create role %I nologin', v_role);
        end if;
        if not pg_has_role(current_user, v_role, 'member') then
            execute format('grant %I to current_user', v_role);
        end if;
    end loop;
end
$$;

create schema points authorization jifen_owner;
comment on schema points is 'Tables and the engine. No role but the owner has any right here; go through schema api.';

create schema api authorization jifen_owner;
comment on schema api is 'What services and DBAs use: views to read, functions to write.';

set role jifen_owner;

-- Sizes the whole installation for life, so it is state and not part of the function bundle.
-- The count is the setting jifen.buckets of the migrating session, 8 unless set.
do $$
declare
    v_count int := coalesce(nullif(current_setting('jifen.buckets', true), ''), '8')::int;
begin
    if v_count not between 1 and 1024 then
        raise exception 'jifen.buckets is %, which is not between 1 and 1024', v_count;
    end if;
    execute format($f$
        create function points.bucket_count() returns smallint
        language sql immutable parallel safe
        return %s::smallint
    $f$, v_count);
end
$$;
comment on function points.bucket_count() is
    'Number of buckets, fixed when the database was made.';

-- sha256 is the same in every PostgreSQL version, unlike hashtext.
create function points.bucket(p_user_id text, p_wallet text) returns smallint
language sql immutable parallel safe
return (
    ('x' || left(encode(sha256(convert_to(p_user_id || chr(10) || p_wallet, 'UTF8')), 'hex'), 6))::bit(24)::int
    % points.bucket_count()
)::smallint;
comment on function points.bucket(text, text) is
    'Bucket of an account: the first three bytes of SHA-256 over user_id, a line feed and wallet, modulo points.bucket_count(). The gateway computes the same to choose a lane.';

reset role;
