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

-- Domains and not only CHECKs: a domain's constraint is prepared once a session, a table's CHECK anew in every
-- statement (6.5 us each, which a batch of one feels).
create domain points.pocket as bigint
    constraint pocket_not_negative check (value >= 0)
    constraint pocket_is_safe_integer check (value <= 9007199254740991);
comment on domain points.pocket is 'Points that something holds or has seen pass: from 0 to 2^53 - 1, so that JavaScript reads them exactly.';

create domain points.flow as bigint
    constraint flow_is_safe_integer check (value between -9007199254740991 and 9007199254740991);
comment on domain points.flow is 'A change in points, either way, within 2^53 - 1.';

create domain points.money as numeric
    constraint money_not_negative check (value >= 0);
comment on domain points.money is 'An amount in the program''s currency, from 0.';

create domain points.idempotency_key as text collate "C"
    constraint idempotency_key_length check (length(value) between 1 and 128);
comment on domain points.idempotency_key is 'A client''s name for one request: 1 to 128 characters.';

reset role;
