create or replace view api.webhook as
select
    w.id, w.name, w.url, w.events, w.wallets, w.kinds, w.rules, w.minimum, w.per_second, w.enabled, w.created_at, w.former_until,
    case when w.enabled then greatest(floor(extract(epoch from now() - least((
        select d.happened_at from points.webhook_delivery d where d.webhook = w.id and d.state = 'waiting' order by d.happened_at limit 1
    ), (
        -- No more than a second, unless no gateway runs.
        select o.happened_at from points.outbox o order by o.bucket, o.id limit 1
    )))), 0)::int else 0 end as lag_seconds,
    (
        select count(*)::int from (select from points.webhook_delivery d where d.webhook = w.id and d.state = 'waiting' limit 10000) d
    ) as waiting,
    (
        select count(*)::int from (select from points.webhook_delivery d where d.webhook = w.id and d.state = 'dead' limit 10000) d
    ) as dead_letters,
    w.failures, w.failing_since, w.retry_at, w.delivered_at, w.failed_at, w.failure
from points.webhook w
where w.deleted_at is null;

comment on view api.webhook is 'Receivers of events, and how it goes: one row each. api.create_webhook makes one.';
comment on column api.webhook.id is 'Id inside Jifen.';
comment on column api.webhook.name is 'Stable name.';
comment on column api.webhook.url is 'Where events are posted.';
comment on column api.webhook.events is 'Events that it wants.';
comment on column api.webhook.wallets is 'Of these kinds of points only; null: all.';
comment on column api.webhook.kinds is 'Entries of these kinds only; null: all.';
comment on column api.webhook.rules is 'Entries of awards by these rules only; null: all entries.';
comment on column api.webhook.minimum is 'Entries that move at least so many points only; null: all.';
comment on column api.webhook.per_second is 'Requests a second at most.';
comment on column api.webhook.enabled is 'Whether anything is queued for it and sent.';
comment on column api.webhook.created_at is 'When it was made.';
comment on column api.webhook.former_until is 'Until then it is signed with the secret before, too; null: there is none.';
comment on column api.webhook.lag_seconds is 'How long ago the oldest event happened that waits for it, or to be queued for anybody, in seconds; 0: none does, or it is disabled.';
comment on column api.webhook.waiting is 'Events that wait for it or are being sent; 10000: so many or more.';
comment on column api.webhook.dead_letters is 'Events that were given up; 10000: so many or more.';
comment on column api.webhook.failures is 'Events that it did not take at first, since the last success, up to 5; then, one for each attempt to see whether it hears again.';
comment on column api.webhook.failing_since is 'The first failure since the last success; null: the last report was a success.';
comment on column api.webhook.retry_at is 'It counts as failing: nothing is sent before then. Null: it does not.';
comment on column api.webhook.delivered_at is 'The last success; null: none yet.';
comment on column api.webhook.failed_at is 'The last failure; null: none yet.';
comment on column api.webhook.failure is 'What failed last; null: nothing ever did.';
