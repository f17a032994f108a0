create or replace view api.client as
select c.id, c.name, c.scopes, c.rules, c.created_at, c.revoked_at
from points.client c
where c.key_sha256 is not null;

comment on view api.client is 'Clients with an API key.';
comment on column api.client.id is 'Id in operations.';
comment on column api.client.name is 'Name for people.';
comment on column api.client.scopes is 'What it may do: earn, spend, reverse, adjust, rewards, rules, webhooks, read.';
comment on column api.client.rules is 'Rules it may earn by; null: all.';
comment on column api.client.created_at is 'When it was made.';
comment on column api.client.revoked_at is 'From when on it may do nothing; null: it may.';
