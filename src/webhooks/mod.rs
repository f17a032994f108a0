//! Receivers of events: what operators see of them, and the gateway that sends.

mod address;
mod sender;

use async_graphql::{
    Context, Enum, ID, InputObject, Json, Object, SimpleObject, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::{FromSql, ToSql};
use serde_json::Value;

use crate::{
    access::caller,
    account::{bad_cursor, connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    ledger::check_text,
    operation::EntryKind,
    reads::Reads,
    scalars::Points,
};

pub use sender::run;

/// What receivers are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql, ToSql)]
#[postgres(name = "webhook_event")]
pub enum WebhookEvent {
    /// An entry was booked: type entry.booked.
    #[postgres(name = "entry.booked")]
    EntryBooked,
    /// A member's level changed: type level.changed.
    #[postgres(name = "level.changed")]
    LevelChanged,
    /// Points expire soon, and the member is to be told: type points.expiring.
    #[postgres(name = "points.expiring")]
    PointsExpiring,
    /// A reward was redeemed, or a redemption fulfilled or cancelled: type redemption.changed.
    #[postgres(name = "redemption.changed")]
    RedemptionChanged,
    /// An award waits for a person, or was decided on: type review.changed.
    #[postgres(name = "review.changed")]
    ReviewChanged,
    /// Somebody asked by pingWebhook: type webhook.ping. It cannot be subscribed to.
    #[postgres(name = "webhook.ping")]
    WebhookPing,
    /// An alert was raised: type alert.raised. It is about no member.
    #[postgres(name = "alert.raised")]
    AlertRaised,
    /// An alert is over: type alert.resolved. It is about no member.
    #[postgres(name = "alert.resolved")]
    AlertResolved,
    /// A bucket has a new seal, with a root to be kept elsewhere: type bucket.sealed. It is about no member.
    #[postgres(name = "bucket.sealed")]
    BucketSealed,
}

/// What has become of an event for a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql, ToSql)]
#[postgres(name = "delivery_state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits, or is being sent.
    Waiting,
    /// The receiver took it: it answered with a status from 200 to 299.
    Delivered,
    /// It was given up after 72 hours.
    Dead,
}

/// A receiver of events.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "webhook")]
#[graphql(complex)]
pub struct Webhook {
    #[graphql(skip)]
    pub id: i32,
    /// Stable name.
    pub name: String,
    /// Where events are posted.
    pub url: String,
    /// Events that it wants.
    pub events: Vec<WebhookEvent>,
    /// Of these kinds of points only; null: all.
    pub wallets: Option<Vec<String>>,
    /// Entries of these kinds only; null: all.
    pub kinds: Option<Vec<EntryKind>>,
    /// Entries of awards by these rules only; null: all entries.
    pub rules: Option<Vec<String>>,
    #[graphql(skip)]
    pub minimum: Option<i64>,
    /// Requests a second at most.
    pub per_second: i32,
    /// Whether anything is queued for it and sent.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until then it is signed with the secret before, too; null: there is none.
    pub former_until: Option<DateTime<Utc>>,
    /// How long ago the oldest event happened that waits for it, or to be queued for anybody, in seconds; 0: none does, or it
    /// is disabled.
    pub lag_seconds: i32,
    /// Events that wait for it or are being sent; 10000: so many or more.
    pub waiting: i32,
    /// Events that were given up; 10000: so many or more.
    pub dead_letters: i32,
    /// Events that it did not take at first, since the last success, up to 5; then, one for each attempt to see whether
    /// it hears again.
    pub failures: i32,
    /// The first failure since the last success; null: the last report was a success.
    pub failing_since: Option<DateTime<Utc>>,
    /// It counts as failing: nothing is sent before then, and one request at a time from then on. Null: it does not.
    pub retry_at: Option<DateTime<Utc>>,
    /// The last success; null: none yet.
    pub delivered_at: Option<DateTime<Utc>>,
    /// The last failure; null: none yet.
    pub failed_at: Option<DateTime<Utc>>,
    /// What failed last; null: nothing ever did.
    pub failure: Option<String>,
}

#[async_graphql::ComplexObject]
impl Webhook {
    /// Entries that move at least so many points only; null: all.
    async fn minimum(&self) -> Option<Points> {
        self.minimum.map(Points)
    }
}

/// An event for a receiver, and what has become of it.
#[derive(Clone, Debug, FromSql)]
#[postgres(name = "webhook_delivery")]
#[allow(dead_code, reason = "a row is read whole")]
pub struct WebhookDelivery {
    webhook_id: i32,
    bucket: i16,
    event: i64,
    id: String,
    r#type: WebhookEvent,
    user_id: Option<String>,
    wallet: Option<String>,
    facts: Value,
    state: DeliveryState,
    happened_at: DateTime<Utc>,
    queued_at: DateTime<Utc>,
    attempts: i32,
    due_at: Option<DateTime<Utc>>,
    claimed_at: Option<DateTime<Utc>>,
    status: Option<i32>,
    failure: Option<String>,
    done_at: Option<DateTime<Utc>>,
}

/// An event for a receiver, and what has become of it.
#[Object]
impl WebhookDelivery {
    /// The webhook-id that the receiver sees: the same at each attempt, and for each receiver of the event.
    async fn id(&self) -> ID {
        ID(self.id.clone())
    }

    /// What happened.
    #[graphql(name = "type")]
    async fn kind(&self) -> WebhookEvent {
        self.r#type
    }

    /// The member; null: erased, or it is about none.
    async fn user_id(&self) -> Option<ID> {
        self.user_id.as_ref().map(ID::from)
    }

    /// Kind of points; null: it is about no account.
    async fn wallet(&self) -> Option<&str> {
        self.wallet.as_deref()
    }

    /// What is said of it, besides the member and the wallet.
    async fn data(&self) -> Json<&Value> {
        Json(&self.facts)
    }

    /// What has become of it.
    async fn state(&self) -> DeliveryState {
        self.state
    }

    /// When it was booked.
    async fn happened_at(&self) -> DateTime<Utc> {
        self.happened_at
    }

    /// When it was queued, or replayed last.
    async fn queued_at(&self) -> DateTime<Utc> {
        self.queued_at
    }

    /// Attempts since then.
    async fn attempts(&self) -> i32 {
        self.attempts
    }

    /// When it is sent next; null: it is done, or an earlier one of the account goes first.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.due_at
    }

    /// HTTP status of the last answer; null: there was none.
    async fn status(&self) -> Option<i32> {
        self.status
    }

    /// What failed last; null: nothing did.
    async fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// When it was delivered or given up; null: it waits.
    async fn done_at(&self) -> Option<DateTime<Utc>> {
        self.done_at
    }
}

/// Queries about webhooks.
#[derive(Default)]
pub struct WebhookQuery;

#[Object]
impl WebhookQuery {
    /// All webhooks, by name. Needs the scope webhooks.
    #[graphql(complexity = "20 * child_complexity")]
    async fn webhooks(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Webhook>> {
        caller(context)?;
        let sql = "select w from api.webhook w order by w.name";
        Ok(context.data::<DataLoader<Reads>>()?.loader().list(sql, &[]).await?)
    }

    /// Deliveries to a webhook in a state, by when they happened; none if there is no such webhook. At most 100 a page, 20
    /// unless asked. Needs the scope webhooks. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn webhook_deliveries(
        &self,
        context: &Context<'_>,
        webhook: String,
        state: DeliveryState,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, WebhookDelivery>> {
        caller(context)?;
        check_text("webhook", &webhook)?;
        let first = page_size(first)?;
        let (instant, bucket, event) = match after.as_deref().map(parse_cursor) {
            None => (None, None, None),
            Some(Some((instant, bucket, event))) => (Some(instant), Some(bucket), Some(event)),
            Some(None) => return Err(bad_cursor().into()),
        };
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let rows = reads.list(DELIVERIES, &[&webhook, &state, &(first + 1), &instant, &bucket, &event]).await?;
        Ok(connection(rows, first, after.is_some(), |row: &WebhookDelivery| {
            format!("{}_{}_{}", row.happened_at.timestamp_micros(), row.bucket, row.event)
        }))
    }
}

fn parse_cursor(cursor: &str) -> Option<(DateTime<Utc>, i16, i64)> {
    let mut parts = cursor.splitn(3, '_');
    let instant = DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?;
    Some((instant, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// A new receiver of events.
#[derive(InputObject)]
pub struct CreateWebhookInput {
    /// Stable name: 1 to 32 small letters, digits, _ and -, the first a letter.
    pub name: String,
    /// Where events are posted: http or https, without user, password and fragment, at most 2048 characters.
    pub url: String,
    /// Events that it wants, each once.
    pub events: Vec<WebhookEvent>,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Of these kinds of points only, 1 to 100; null: all.
    pub wallets: Option<Vec<String>>,
    /// Entries of these kinds only; null: all.
    pub kinds: Option<Vec<EntryKind>>,
    /// Entries of awards by these rules only, 1 to 100; null: all entries.
    pub rules: Option<Vec<String>>,
    /// Entries that move at least so many points only, from 1; null: all.
    pub minimum: Option<Points>,
    /// Requests a second at most, 1 to 10000.
    #[graphql(default = 100)]
    pub per_second: i32,
}

/// The terms of a webhook: all of them, what is left out is all.
#[derive(InputObject)]
pub struct ChangeWebhookInput {
    /// The webhook.
    pub name: String,
    /// Where events are posted: http or https, without user, password and fragment, at most 2048 characters.
    pub url: String,
    /// Events that it wants from now on, each once.
    pub events: Vec<WebhookEvent>,
    /// Whether anything is queued for it and sent. What waits when it is disabled is sent when it is enabled again within
    /// 72 hours, and else given up.
    pub enabled: bool,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Of these kinds of points only, 1 to 100; null: all.
    pub wallets: Option<Vec<String>>,
    /// Entries of these kinds only; null: all.
    pub kinds: Option<Vec<EntryKind>>,
    /// Entries of awards by these rules only, 1 to 100; null: all entries.
    pub rules: Option<Vec<String>>,
    /// Entries that move at least so many points only, from 1; null: all.
    pub minimum: Option<Points>,
    /// Requests a second at most, 1 to 10000.
    #[graphql(default = 100)]
    pub per_second: i32,
}

/// Names a webhook.
#[derive(InputObject)]
pub struct WebhookInput {
    /// The webhook.
    pub name: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// What is to be sent again: either some events, or all since an instant.
#[derive(InputObject)]
pub struct ReplayWebhookDeliveriesInput {
    /// The webhook.
    pub name: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// These events, dead or delivered, by their ids, 1 to 1000; those that wait or are not kept any more are passed over.
    pub ids: Option<Vec<ID>>,
    /// What happened from then on, the oldest first, 10000 at most.
    pub since: Option<DateTime<Utc>>,
    /// With since: what was delivered as well, not only what is dead.
    #[graphql(default)]
    pub delivered: bool,
}

/// A webhook with its secret.
#[derive(SimpleObject)]
pub struct WebhookSecretPayload {
    /// The webhook as it stands now; null: it was deleted since.
    webhook: Option<Webhook>,
    /// The secret, whsec_ and 32 bytes in base64, told this once; null: it was done earlier under this key. If the answer was
    /// lost, rotate the secret.
    secret: Option<String>,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// A change of a webhook.
#[derive(SimpleObject)]
pub struct WebhookPayload {
    /// The webhook as it stands now; null: it was deleted.
    webhook: Option<Webhook>,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Deliveries that were queued again.
#[derive(SimpleObject)]
pub struct ReplayWebhookDeliveriesPayload {
    /// The webhook as it stands now.
    webhook: Webhook,
    /// True: it was done earlier under this key, and nothing was done now.
    replayed: bool,
    /// Deliveries queued again now.
    deliveries: i32,
    /// There may be more: ask again under another key.
    more: bool,
}

/// Mutations of webhooks.
#[derive(Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Makes a receiver of events from now on: they are posted to it, signed as Standard Webhooks says, in order for each
    /// member. Needs the scope webhooks. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn create_webhook(
        &self,
        context: &Context<'_>,
        input: CreateWebhookInput,
    ) -> async_graphql::Result<WebhookSecretPayload> {
        check_terms(&[("name", &input.name), ("url", &input.url), ("idempotencyKey", &input.idempotency_key)], &[])?;
        check_lists(&[("wallets", &input.wallets), ("rules", &input.rules)])?;
        let row = change(
            context,
            "select r.* from api.create_webhook($2, $3, $4, $5, $6, $7, $8, $9, $10,
                (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.name,
                &input.url,
                &input.events,
                &input.idempotency_key,
                &input.wallets,
                &input.kinds,
                &input.rules,
                &input.minimum.map(|points| points.0),
                &input.per_second,
            ],
        )
        .await?;
        Ok(WebhookSecretPayload {
            webhook: row.get("webhook"),
            secret: row.get("secret"),
            replayed: row.get("replayed"),
        })
    }

    /// Gives a webhook these terms, all of them, from now on, and tries what waits for another attempt at once. Needs the
    /// scope webhooks. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn change_webhook(
        &self,
        context: &Context<'_>,
        input: ChangeWebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        check_terms(&[("name", &input.name), ("url", &input.url), ("idempotencyKey", &input.idempotency_key)], &[])?;
        check_lists(&[("wallets", &input.wallets), ("rules", &input.rules)])?;
        let row = change(
            context,
            "select r.* from api.change_webhook($2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.name,
                &input.url,
                &input.events,
                &input.enabled,
                &input.idempotency_key,
                &input.wallets,
                &input.kinds,
                &input.rules,
                &input.minimum.map(|points| points.0),
                &input.per_second,
            ],
        )
        .await?;
        Ok(WebhookPayload { webhook: row.get("webhook"), replayed: row.get("replayed") })
    }

    /// Gives a webhook a new secret. For 24 hours its events are signed with the one before, too; an older one is void at
    /// once. Needs the scope webhooks. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn rotate_webhook_secret(
        &self,
        context: &Context<'_>,
        input: WebhookInput,
    ) -> async_graphql::Result<WebhookSecretPayload> {
        let row = change_named(
            context,
            "select r.* from api.rotate_webhook_secret($2, $3, (select name from api.client where id = $1)) r",
            &input,
        )
        .await?;
        Ok(WebhookSecretPayload {
            webhook: row.get("webhook"),
            secret: row.get("secret"),
            replayed: row.get("replayed"),
        })
    }

    /// Ends a webhook for good, with what waits for it. Needs the scope webhooks. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT.
    async fn delete_webhook(
        &self,
        context: &Context<'_>,
        input: WebhookInput,
    ) -> async_graphql::Result<WebhookPayload> {
        let row = change_named(
            context,
            "select api.delete_webhook($2, $3, (select name from api.client where id = $1)) as replayed",
            &input,
        )
        .await?;
        Ok(WebhookPayload { webhook: None, replayed: row.get("replayed") })
    }

    /// Sends a webhook that is enabled an event webhook.ping, in the way of all others; webhookDeliveries says what came of
    /// it. One that counts as failing is asked at once. Needs the scope webhooks. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT.
    async fn ping_webhook(&self, context: &Context<'_>, input: WebhookInput) -> async_graphql::Result<WebhookPayload> {
        let row = change_named(
            context,
            "select r.* from api.ping_webhook($2, $3, (select name from api.client where id = $1)) r",
            &input,
        )
        .await?;
        Ok(WebhookPayload { webhook: row.get("webhook"), replayed: row.get("replayed") })
    }

    /// Sends deliveries again, under the same ids, in the order of each member. Needs the scope webhooks. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn replay_webhook_deliveries(
        &self,
        context: &Context<'_>,
        input: ReplayWebhookDeliveriesInput,
    ) -> async_graphql::Result<ReplayWebhookDeliveriesPayload> {
        let ids: Option<Vec<String>> = input.ids.map(|ids| ids.into_iter().map(|id| id.0).collect());
        check_terms(&[("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[("since", input.since)])?;
        check_lists(&[("ids", &ids)])?;
        let row = change(
            context,
            "select r.* from api.replay_webhook_deliveries($2, $3, $4, $5, $6, (select name from api.client where id = $1)) r",
            &[&caller(context)?.id, &input.name, &input.idempotency_key, &ids, &input.since, &input.delivered],
        )
        .await?;
        Ok(ReplayWebhookDeliveriesPayload {
            webhook: row.get("webhook"),
            replayed: row.get("replayed"),
            deliveries: row.get("deliveries"),
            more: row.get("more"),
        })
    }
}

fn check_lists(lists: &[(&str, &Option<Vec<String>>)]) -> Result<(), crate::error::Error> {
    lists.iter().try_for_each(|(path, list)| {
        let texts: Vec<_> = list.iter().flatten().map(|text| (*path, text.as_str())).collect();
        check_terms(&texts, &[])
    })
}

async fn change_named(
    context: &Context<'_>,
    sql: &str,
    input: &WebhookInput,
) -> async_graphql::Result<tokio_postgres::Row> {
    check_terms(&[("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
    change(context, sql, &[&caller(context)?.id, &input.name, &input.idempotency_key]).await
}

const DELIVERIES: &str = "
    select d from api.webhook_delivery d
    where d.webhook_id = (select w.id from api.webhook w where w.name = $1) and d.state = $2
        and (d.happened_at, d.bucket, d.event)
            > (coalesce($4::timestamptz, '-infinity'), coalesce($5::smallint, 0::smallint), coalesce($6::bigint, 0))
    order by d.happened_at, d.bucket, d.event
    limit $3::int";
