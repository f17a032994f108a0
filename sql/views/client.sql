create or replace view api.client as
select c.id, c.name, c.scopes, c.rules, c.wallets, c.rate, c.burst, c.created_at, c.revoked_at
from points.client c
where c.id >= 100;

comment on view api.client is 'Clients: who may send operations.';
comment on column api.client.id is 'Id in operations.';
comment on column api.client.name is 'Name for people.';
comment on column api.client.scopes is 'What it may do: earn, spend, reverse, adjust, rewards, rules, webhooks, read, audit.';
comment on column api.client.rules is 'Rules it may earn by; null: all.';
comment on column api.client.wallets is 'Wallets whose accounts it may read and change; null: all.';
comment on column api.client.rate is 'Requests a second that each gateway takes of it; null: any number.';
comment on column api.client.burst is 'Requests that each gateway takes of it at once; null: any number.';
comment on column api.client.created_at is 'When it was made.';
comment on column api.client.revoked_at is 'From when on it may do nothing; null: it may.';
