create or replace view api.webhook_delivery as
select
    d.webhook as webhook_id, d.bucket, d.event, format('evt_%s_%s', d.bucket, d.event) as id, d.kind as type, a.user_id, a.wallet, d.facts, d.state,
    d.happened_at, d.queued_at, d.attempts, d.due_at, d.claimed_at, d.status, d.failure, d.done_at
from points.webhook_delivery d
left join points.account a on a.bucket = d.bucket and a.id = d.account_id;

comment on view api.webhook_delivery is 'Events for receivers, and what has become of each. In order: state, webhook_id, happened_at.';
comment on column api.webhook_delivery.webhook_id is 'api.webhook.id of the receiver.';
comment on column api.webhook_delivery.bucket is 'Bucket of the account.';
comment on column api.webhook_delivery.event is 'Number of the event within the bucket.';
comment on column api.webhook_delivery.id is 'The webhook-id that the receiver sees.';
comment on column api.webhook_delivery.type is 'What happened.';
comment on column api.webhook_delivery.user_id is 'The member; null: erased, or webhook.ping.';
comment on column api.webhook_delivery.wallet is 'Kind of points; null: webhook.ping.';
comment on column api.webhook_delivery.facts is 'What is said of it, besides the member and the wallet.';
comment on column api.webhook_delivery.state is 'What has become of it: waiting, delivered or dead.';
comment on column api.webhook_delivery.happened_at is 'When it was booked.';
comment on column api.webhook_delivery.queued_at is 'When it was queued, or replayed last.';
comment on column api.webhook_delivery.attempts is 'Attempts since then.';
comment on column api.webhook_delivery.due_at is 'When it is sent next; null: it is done, or an earlier one of the account goes first.';
comment on column api.webhook_delivery.claimed_at is 'Since when it has been being sent; null: it is not.';
comment on column api.webhook_delivery.status is 'HTTP status of the last answer; null: there was none.';
comment on column api.webhook_delivery.failure is 'What failed last; null: nothing did.';
comment on column api.webhook_delivery.done_at is 'When it was delivered or given up; null: it waits.';
