create or replace view api.client_key as
select
    c.name as client, left(encode(k.key_sha256, 'hex'), 8) as fingerprint, k.created_at, nullif(k.expires_at, 'infinity') as expires_at,
    k.last_used_at
from points.client_key k
join points.client c on c.id = k.client_id;

comment on view api.client_key is 'API keys, without anything that would help to guess one.';
comment on column api.client_key.client is 'Whose it is.';
comment on column api.client_key.fingerprint is 'The first 8 digits of its SHA-256: tells keys of a client apart.';
comment on column api.client_key.created_at is 'When it was made.';
comment on column api.client_key.expires_at is 'From when on it is none; null: never.';
comment on column api.client_key.last_used_at is 'When it was last used, to the minute; null: never.';
