set role jifen_owner;

create type points.webhook_event as enum (
    'entry.booked', 'level.changed', 'points.expiring', 'redemption.changed', 'review.changed', 'webhook.ping',
    'alert.raised', 'alert.resolved', 'bucket.sealed');
comment on type points.webhook_event is 'What receivers are told of: an entry; a change of level; a notice that points expire soon; a redemption made, fulfilled or cancelled; an award that waits for review, or was decided on; that somebody wants to see whether they hear; that an alert was raised or resolved; that a bucket has a new seal.';

create type points.delivery_state as enum ('waiting', 'delivered', 'dead');
comment on type points.delivery_state is 'What has become of an event for a receiver: it waits or is being sent; the receiver took it; it was given up.';

alter table points.program
    add column webhook_events points.webhook_event[] not null default '{}',
    add column webhooks_to_private boolean not null default false,
    add column webhook_days int not null default 7,
    add constraint program_webhook_days_in_range check (webhook_days between 1 and 90);
comment on column points.program.webhook_events is 'Events that some enabled webhook wants, kept by points.note_webhooks: others are not written to points.outbox.';
comment on column points.program.webhooks_to_private is 'Whether events may be sent to private addresses: loopback, local networks and the like.';
comment on column points.program.webhook_days is 'Days for which deliveries are kept after they were delivered or given up.';

create table points.outbox (
    id          bigint generated always as identity,
    account_id  bigint,
    seq         bigint,
    happened_at timestamptz not null,
    bucket      smallint not null,
    event       points.webhook_event not null,
    facts       jsonb,
    primary key (bucket, id),
    constraint outbox_event_is_whole check (
        (event = 'entry.booked') = (seq is not null) and (seq is null) = (facts is not null)
        and (event in ('webhook.ping', 'alert.raised', 'alert.resolved', 'bucket.sealed')) = (account_id is null))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
comment on table points.outbox is 'Events for webhooks, written in the transaction in which they happen, if an enabled webhook wants any of their kind; taken out by points.queue_deliveries within a second. In order for each account: its writers hold its lock.';
comment on column points.outbox.id is 'Number, which rises within an account.';
comment on column points.outbox.account_id is 'The account; null: webhook.ping, an alert, or a seal.';
comment on column points.outbox.seq is 'entry.booked: the entry. Null: another event.';
comment on column points.outbox.happened_at is 'When it was booked: recorded_at of the entry.';
comment on column points.outbox.bucket is 'Bucket of the account.';
comment on column points.outbox.event is 'What happened.';
comment on column points.outbox.facts is 'What is said of it, but for the member; null: the entry says it. webhook.ping: name, whom it is for.';

create table points.webhook (
    id               int generated always as identity primary key,
    name             text collate "C" not null,
    url              text not null,
    events           points.webhook_event[] not null,
    wallets          text[],
    kinds            points.entry_kind[],
    rules            text[],
    minimum          bigint,
    per_second       int not null,
    enabled          boolean not null default true,
    created_at       timestamptz not null,
    deleted_at       timestamptz,
    inner_pad        bytea not null,
    outer_pad        bytea not null,
    former_inner_pad bytea,
    former_outer_pad bytea,
    former_until     timestamptz,
    allowance        float8 not null default 0,
    allowed_at       timestamptz not null,
    failures         int not null default 0,
    failing_since    timestamptz,
    retry_at         timestamptz,
    delivered_at     timestamptz,
    failed_at        timestamptz,
    failure          text,
    constraint webhook_name_is_plain check (name ~ '^[a-z][a-z0-9_-]{0,31}$'),
    constraint webhook_url_is_http check (url ~ '^https?://[A-Za-z0-9.:\[\]-]+([/?][!-"$-~]*)?$' and length(url) <= 2048),
    constraint webhook_events_are_some check (cardinality(events) > 0 and array_position(events, null) is null),
    constraint webhook_filter_is_about_something check (
        least(cardinality(wallets), cardinality(kinds), cardinality(rules), minimum) > 0
        and array_position(wallets, null) is null and array_position(kinds, null) is null and array_position(rules, null) is null),
    constraint webhook_seals_are_of_all_wallets check (wallets is null or events <> '{bucket.sealed}'),
    constraint webhook_rate_in_range check (per_second between 1 and 10000),
    constraint webhook_pads_fill_a_block check (
        length(inner_pad) = 64 and length(outer_pad) = 64 and length(former_inner_pad) = 64 and length(former_outer_pad) = 64),
    constraint webhook_former_secret_is_whole check (num_nulls(former_inner_pad, former_outer_pad, former_until) in (0, 3)),
    constraint webhook_failures_not_negative check (failures >= 0 and (failures < 5 or retry_at is not null)),
    constraint webhook_deleted_is_disabled check (deleted_at is null or not enabled)
);
comment on table points.webhook is 'Receivers of events, what each wants to hear, and how it goes. Whoever queues, claims, reports or replays deliveries of one holds its row, so that they see what the other did.';
comment on column points.webhook.id is 'Id inside Jifen.';
comment on column points.webhook.name is 'Stable name: 1 to 32 small letters, digits, _ and -.';
comment on column points.webhook.url is 'Where events are posted.';
comment on column points.webhook.events is 'Events that it wants.';
comment on column points.webhook.wallets is 'Of these kinds of points only; null: all.';
comment on column points.webhook.kinds is 'Entries of these kinds only; null: all.';
comment on column points.webhook.rules is 'Entries of awards by these rules only; null: all entries.';
comment on column points.webhook.minimum is 'Entries that move at least so many points only; null: all.';
comment on column points.webhook.per_second is 'Requests a second at most.';
comment on column points.webhook.enabled is 'Whether anything is queued for it and sent.';
comment on column points.webhook.created_at is 'When it was made.';
comment on column points.webhook.deleted_at is 'When it was deleted; its row goes when its last delivery has gone. Null: it was not.';
comment on column points.webhook.inner_pad is 'Its secret, filled up with zeros to 64 bytes, each xor 0x36: the key of HMAC-SHA-256. Nobody but the owner reads it.';
comment on column points.webhook.outer_pad is 'The same, each xor 0x5c.';
comment on column points.webhook.former_inner_pad is 'inner_pad of the secret before; null: there was none.';
comment on column points.webhook.former_outer_pad is 'outer_pad of the secret before.';
comment on column points.webhook.former_until is 'Until then it is signed with both.';
comment on column points.webhook.allowance is 'Requests that might have been made at allowed_at by per_second, at most those of a second.';
comment on column points.webhook.allowed_at is 'When allowance was computed.';
comment on column points.webhook.failures is 'Deliveries that failed at their first attempt since the last success, up to 5; then, one for each attempt to see whether it hears again.';
comment on column points.webhook.failing_since is 'The first failure since the last success; null: the last report was a success.';
comment on column points.webhook.retry_at is 'From 5 failures on: nothing is sent before then, and one request at a time from then on. Null: all is well.';
comment on column points.webhook.delivered_at is 'The last success; null: none yet.';
comment on column points.webhook.failed_at is 'The last failure; null: none yet.';
comment on column points.webhook.failure is 'What failed last; null: nothing ever did.';

create unique index webhook_name_once on points.webhook (name) where deleted_at is null;
comment on index points.webhook_name_once is 'The name of a deleted one may be used again.';

create table points.webhook_delivery (
    event       bigint not null,
    account_id  bigint,
    happened_at timestamptz not null,
    queued_at   timestamptz not null,
    due_at      timestamptz,
    claimed_at  timestamptz,
    tried_since timestamptz,
    done_at     timestamptz,
    webhook     int not null references points.webhook,
    attempts    int not null default 0,
    status      int,
    bucket      smallint not null,
    state       points.delivery_state not null default 'waiting',
    kind        points.webhook_event not null,
    facts       jsonb not null,
    failure     text,
    primary key (bucket, event, webhook),
    constraint webhook_delivery_due_while_waiting check (due_at is null or state = 'waiting'),
    constraint webhook_delivery_claimed_is_due check (claimed_at is null or due_at is not null),
    constraint webhook_delivery_done_at_an_instant check ((state = 'waiting') = (done_at is null)),
    constraint webhook_delivery_attempts_not_negative check (attempts >= 0 and (attempts = 0) = (tried_since is null))
) with (autovacuum_vacuum_scale_factor = 0.05);
comment on table points.webhook_delivery is 'An event for a receiver, and what has become of it. Deleted some days after it was delivered or given up (program.webhook_days).';
comment on column points.webhook_delivery.event is 'points.outbox.id of the event. evt_, bucket, _ and this is the webhook-id that the receiver sees.';
comment on column points.webhook_delivery.account_id is 'The account; null: webhook.ping, an alert, or a seal.';
comment on column points.webhook_delivery.happened_at is 'When it was booked.';
comment on column points.webhook_delivery.queued_at is 'When it was queued, or replayed last.';
comment on column points.webhook_delivery.due_at is 'When it is sent next, or, claimed, sent again if nobody reports. Null: it is done, or an earlier one of the account goes first.';
comment on column points.webhook_delivery.claimed_at is 'Since when it has been being sent; null: it is not.';
comment on column points.webhook_delivery.tried_since is 'The first attempt since it was queued or replayed; null: none yet.';
comment on column points.webhook_delivery.done_at is 'When it was delivered or given up; null: it waits.';
comment on column points.webhook_delivery.webhook is 'The receiver.';
comment on column points.webhook_delivery.attempts is 'Attempts since it was queued or replayed.';
comment on column points.webhook_delivery.status is 'HTTP status of the last answer; null: there was none.';
comment on column points.webhook_delivery.bucket is 'Bucket of the account.';
comment on column points.webhook_delivery.state is 'What has become of it.';
comment on column points.webhook_delivery.kind is 'What happened.';
comment on column points.webhook_delivery.facts is 'What is said of it, but for the member, whose name is looked up when it is sent.';
comment on column points.webhook_delivery.failure is 'What failed last; null: nothing did.';

create unique index webhook_delivery_one_of_an_account on points.webhook_delivery (bucket, account_id, webhook) where due_at is not null;
comment on index points.webhook_delivery_one_of_an_account is 'The law of order: of an account, a receiver is sent one event at a time.';
create index webhook_delivery_due on points.webhook_delivery (webhook, due_at) where due_at is not null;
comment on index points.webhook_delivery_due is 'What is to be sent next.';
-- These two share no condition, so that a plan made on an empty table does not take one for the other.
create index webhook_delivery_behind on points.webhook_delivery (account_id, webhook, event) where done_at is null;
comment on index points.webhook_delivery_behind is 'Which event of an account comes next.';
create index webhook_delivery_listed on points.webhook_delivery (state, webhook, happened_at);
comment on index points.webhook_delivery_listed is 'Deliveries of a receiver in each state, by time.';
create index webhook_delivery_done on points.webhook_delivery (done_at) where done_at is not null;
comment on index points.webhook_delivery_done is 'What may be deleted.';

reset role;
