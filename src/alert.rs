//! Alerts: what is wrong, from rules that operators set, and those who watch it.

use std::{collections::VecDeque, sync::Arc};

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject, Subscription, connection::Connection,
    dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, stream, stream::BoxStream};
use postgres_types::{FromSql, IsNull, ToSql, Type, private::BytesMut};
use tokio::time::sleep;
use tracing::warn;

use crate::{
    access::caller,
    account::{bad_cursor, connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    feed::{Feed, PAUSE, Shared},
    reads::Reads,
    scalars::{Decimal, Points},
};

/// What an alert rule measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "alert_kind", rename_all = "snake_case")]
pub enum AlertKind {
    /// Points of a flow in an hour: this one so far, or the one before.
    HourlyFlow,
    /// How many times the mean of the same hour of the last four weeks the last whole hour had.
    HourlyJump,
    /// By how many points the balances of a wallet differ from what was booked; looked at every hour.
    TotalDifference,
    /// Seconds since all was last reconciled.
    ReconciliationOverdue,
    /// Open discrepancies.
    Discrepancies,
    /// Seconds that the oldest award in the queue has waited.
    QueueLag,
    /// Seconds that a job is late.
    JobLag,
    /// Steps of a job that failed one after another.
    JobFailing,
    /// Seconds that the booking of expiry is late.
    ExpiryLag,
    /// Seconds that the oldest event has waited for a receiver.
    WebhookLag,
    /// Faults of the monthly partitions of the ledger: 0 or 1.
    PartitionsMissing,
    /// Percent of a running campaign's budget that is used.
    BudgetUsed,
    /// Nothing: a function of the database raises it.
    Raised,
}

/// A flow of points, counted from 0 up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "flow_measure", rename_all = "snake_case")]
pub enum FlowMeasure {
    /// Awards.
    Issued,
    /// Awards taken back.
    ClawedBack,
    /// Spent and captured.
    Used,
    /// Expired.
    Expired,
    /// Adjusted, and written off, either way.
    Adjusted,
    /// What all members together have gained or lost, either way.
    Net,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "alert_severity", rename_all = "snake_case")]
pub enum AlertSeverity {
    /// Good to know.
    Info,
    /// Somebody should look today.
    Warning,
    /// Somebody should look now.
    Critical,
}

/// What has become of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AlertState {
    /// It was raised.
    Open,
    /// Somebody looks after it.
    Acknowledged,
    /// Nobody wants to hear of it for a while.
    Silenced,
    /// It is over.
    Resolved,
}

impl AlertState {
    const NAMES: [(&str, AlertState); 4] = [
        ("open", AlertState::Open),
        ("acknowledged", AlertState::Acknowledged),
        ("silenced", AlertState::Silenced),
        ("resolved", AlertState::Resolved),
    ];
}

/// Of `points.alert_state`, which has one value more, that is never shown.
impl FromSql<'_> for AlertState {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let found = Self::NAMES.iter().find(|(name, _)| name.as_bytes() == raw);
        found.map(|(_, state)| *state).ok_or_else(|| "no state of an alert that is shown".into())
    }

    fn accepts(of: &Type) -> bool {
        of.name() == "alert_state"
    }
}

impl ToSql for AlertState {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let name = Self::NAMES.iter().find(|(_, state)| state == self).map_or("", |(name, _)| name);
        out.extend_from_slice(name.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        of.name() == "alert_state"
    }

    postgres_types::to_sql_checked!();
}

/// When alerts are raised.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "alert_rule")]
#[graphql(complex)]
pub struct AlertRule {
    /// Stable name, e.g. job_lag.
    pub name: String,
    /// What it means and what to do.
    pub description: String,
    /// What it measures.
    pub kind: AlertKind,
    /// HOURLY_FLOW and HOURLY_JUMP: the flow; null: another kind.
    pub flow: Option<FlowMeasure>,
    /// Of this wallet only; null: each by itself.
    pub wallet: Option<String>,
    #[graphql(skip)]
    pub threshold: rust_decimal::Decimal,
    #[graphql(skip)]
    pub clear_at: rust_decimal::Decimal,
    #[graphql(skip)]
    pub minimum: Option<i64>,
    /// For so many seconds the value must be above the threshold before an alert is raised.
    pub hold_seconds: i32,
    /// How urgent its alerts are.
    pub severity: AlertSeverity,
    /// Whether it is looked at; alerts of one that is not are resolved.
    pub enabled: bool,
    /// When its terms were last set.
    pub changed_at: DateTime<Utc>,
}

#[ComplexObject]
impl AlertRule {
    /// An alert is raised when the value is above it.
    async fn threshold(&self) -> Decimal {
        Decimal(self.threshold)
    }

    /// An alert is resolved when the value is at or below it.
    async fn clear_at(&self) -> Decimal {
        Decimal(self.clear_at)
    }

    /// HOURLY_JUMP: hours with less points than this are no jump; null: another kind.
    async fn minimum(&self) -> Option<Points> {
        self.minimum.map(Points)
    }
}

/// What is or was wrong. A rule has at most one for each subject that is not resolved.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "alert")]
#[graphql(complex)]
pub struct Alert {
    #[graphql(skip)]
    pub id: i64,
    /// The rule that raised it.
    pub rule: String,
    /// What the rule measures.
    pub kind: AlertKind,
    /// What it is about: a wallet, a job, a campaign, a webhook; empty: there is but one.
    pub subject: String,
    /// Kind of points that it is about; null: none.
    pub wallet: Option<String>,
    /// What has become of it.
    pub state: AlertState,
    /// How urgent it is.
    pub severity: AlertSeverity,
    #[graphql(skip)]
    pub value: rust_decimal::Decimal,
    #[graphql(skip)]
    pub threshold: rust_decimal::Decimal,
    /// What is wrong, in words.
    pub message: String,
    /// When the value was first above the threshold.
    pub since: DateTime<Utc>,
    /// When it was raised, last if it was silenced meanwhile.
    pub raised_at: DateTime<Utc>,
    /// When it is raised again if it is not over by then; null: it is not silenced.
    pub silenced_until: Option<DateTime<Utc>>,
    /// When it was over; null: it is not.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When somebody last acknowledged, silenced or resolved it; null: nobody has.
    pub decided_at: Option<DateTime<Utc>>,
    /// Who did; null: nobody has.
    pub decided_by: Option<String>,
    /// Why, in their words; null: they said nothing.
    pub reason: Option<String>,
    #[graphql(skip)]
    pub version: i64,
}

#[ComplexObject]
impl Alert {
    /// Its id.
    async fn id(&self) -> ID {
        ID(self.id.to_string())
    }

    /// What was measured last, in the unit of the kind.
    async fn value(&self) -> Decimal {
        Decimal(self.value)
    }

    /// The threshold of the rule as it is now.
    async fn threshold(&self) -> Decimal {
        Decimal(self.threshold)
    }
}

/// Queries about alerts.
#[derive(Default)]
pub struct AlertQuery;

#[Object]
impl AlertQuery {
    /// Alerts in one of these states, newest first; those that are not resolved unless asked. For keys that are kept to
    /// some wallets, those about these. At most 100 a page, 20 unless asked. Needs the scope rules or audit. INVALID_INPUT:
    /// first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn alerts(
        &self,
        context: &Context<'_>,
        states: Option<Vec<AlertState>>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Alert>> {
        let wallets = &caller(context)?.wallets;
        let first = page_size(first)?;
        let before = after.map(|cursor| cursor.parse::<i64>().map_err(|_| bad_cursor())).transpose()?;
        let states = states.unwrap_or_else(|| vec![AlertState::Open, AlertState::Acknowledged, AlertState::Silenced]);
        let place: [&(dyn ToSql + Sync); 4] = [&(first + 1), &before, &states, wallets];
        let alerts = context.data::<DataLoader<Reads>>()?.loader().list(ALERTS, &place).await?;
        Ok(connection(alerts, first, before.is_some(), |alert: &Alert| alert.id.to_string()))
    }

    /// When alerts are raised, by name. At most 100 a page, 20 unless asked. Needs the scope rules or audit. INVALID_INPUT:
    /// first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn alert_rules(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, AlertRule>> {
        caller(context)?;
        let first = page_size(first)?;
        let after = after.unwrap_or_default();
        crate::ledger::check_text("after", &after)?;
        let rules = context.data::<DataLoader<Reads>>()?.loader().list(ALERT_RULES, &[&(first + 1), &after]).await?;
        Ok(connection(rules, first, !after.is_empty(), |rule: &AlertRule| rule.name.clone()))
    }
}

/// A rule for alerts, whole.
#[derive(InputObject)]
pub struct SetAlertRuleInput {
    /// Stable name: 1 to 48 small letters, digits and _.
    pub name: String,
    /// What it means and what to do, 1 to 500 characters.
    pub description: String,
    /// What it measures; never changes.
    pub kind: AlertKind,
    /// An alert is raised when the value is above it; from 0, at most 6 decimals.
    pub threshold: Decimal,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// HOURLY_FLOW and HOURLY_JUMP: the flow.
    pub flow: Option<FlowMeasure>,
    /// HOURLY_FLOW, HOURLY_JUMP and TOTAL_DIFFERENCE: of this wallet only; null: each by itself.
    pub wallet: Option<String>,
    /// An alert is resolved when the value is at or below it; null: at the threshold.
    pub clear_at: Option<Decimal>,
    /// HOURLY_JUMP: hours with less points than this are no jump.
    pub minimum: Option<Points>,
    /// For so many seconds, 0 to 86400, the value must be above the threshold before an alert is raised.
    #[graphql(default)]
    pub hold_seconds: i32,
    /// How urgent its alerts are.
    #[graphql(default_with = "AlertSeverity::Warning")]
    pub severity: AlertSeverity,
    /// Whether it is looked at.
    #[graphql(default = true)]
    pub enabled: bool,
}

/// What to do with an alert.
#[derive(InputObject)]
pub struct AlertInput {
    /// The alert.
    pub id: ID,
    /// The person, 1 to 128 characters.
    pub actor: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters.
    pub reason: Option<String>,
}

/// An alert to put aside.
#[derive(InputObject)]
pub struct SilenceAlertInput {
    /// The alert.
    pub id: ID,
    /// When it is raised again, within 366 days.
    pub until: DateTime<Utc>,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The person, 1 to 128 characters.
    pub actor: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// A rule for alerts with these terms.
#[derive(SimpleObject)]
pub struct AlertRulePayload {
    /// The rule as it stands now.
    alert_rule: AlertRule,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// What was done with an alert.
#[derive(SimpleObject)]
pub struct AlertPayload {
    /// The alert as it stands now.
    alert: Alert,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of alerts.
#[derive(Default)]
pub struct AlertMutation;

#[Object]
impl AlertMutation {
    /// Makes a rule for alerts, or gives the one of this name these terms, all of them. It is looked at within seconds.
    /// Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_alert_rule(
        &self,
        context: &Context<'_>,
        input: SetAlertRuleInput,
    ) -> async_graphql::Result<AlertRulePayload> {
        let client_id = caller(context)?.id;
        check_terms(
            &[
                ("name", &input.name),
                ("description", &input.description),
                ("wallet", input.wallet.as_deref().unwrap_or_default()),
                ("idempotencyKey", &input.idempotency_key),
            ],
            &[],
        )?;
        let row = change(
            context,
            "select r.replayed, r.alert_rule from api.set_alert_rule(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, (select name from api.client where id = $1)) r",
            &[
                &client_id,
                &input.name,
                &input.description,
                &input.kind,
                &input.threshold.0,
                &input.idempotency_key,
                &input.flow,
                &input.wallet,
                &input.clear_at.map(|clear_at| clear_at.0),
                &input.minimum.map(|points| points.0),
                &input.hold_seconds,
                &input.severity,
                &input.enabled,
            ],
        )
        .await?;
        Ok(AlertRulePayload { alert_rule: row.get("alert_rule"), replayed: row.get("replayed") })
    }

    /// Says that somebody looks after an alert; it stays until it is over. Needs the scope rules. Errors: INVALID_INPUT,
    /// FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn acknowledge_alert(&self, context: &Context<'_>, input: AlertInput) -> async_graphql::Result<AlertPayload> {
        decide(context, "acknowledge_alert", input).await
    }

    /// Puts an alert aside: it is raised again at the instant, unless it is over by then. Needs the scope rules. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn silence_alert(
        &self,
        context: &Context<'_>,
        input: SilenceAlertInput,
    ) -> async_graphql::Result<AlertPayload> {
        let client_id = caller(context)?.id;
        check_terms(
            &[("reason", &input.reason), ("actor", &input.actor), ("idempotencyKey", &input.idempotency_key)],
            &[("until", Some(input.until))],
        )?;
        let row = change(
            context,
            "select r.replayed, r.alert from api.silence_alert(
                $2, $3, $4, $5, $6, (select name from api.client where id = $1)) r",
            &[&client_id, &alert_id(&input.id), &input.until, &input.reason, &input.actor, &input.idempotency_key],
        )
        .await?;
        Ok(AlertPayload { alert: row.get("alert"), replayed: row.get("replayed") })
    }

    /// Ends an alert by hand; where its rule still measures too much, another one is raised within seconds. Needs the scope
    /// rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn resolve_alert(&self, context: &Context<'_>, input: AlertInput) -> async_graphql::Result<AlertPayload> {
        decide(context, "resolve_alert", input).await
    }
}

async fn decide(context: &Context<'_>, function: &str, input: AlertInput) -> async_graphql::Result<AlertPayload> {
    let client_id = caller(context)?.id;
    check_terms(
        &[
            ("reason", input.reason.as_deref().unwrap_or_default()),
            ("actor", &input.actor),
            ("idempotencyKey", &input.idempotency_key),
        ],
        &[],
    )?;
    let sql = format!(
        "select r.replayed, r.alert from api.{function}($2, $3, $4, $5, (select name from api.client where id = $1)) r"
    );
    let id = alert_id(&input.id);
    let row = change(context, &sql, &[&client_id, &id, &input.actor, &input.idempotency_key, &input.reason]).await?;
    Ok(AlertPayload { alert: row.get("alert"), replayed: row.get("replayed") })
}

/// What is not written as an id is one that no alert has.
fn alert_id(id: &ID) -> i64 {
    id.parse().unwrap_or(-1)
}

/// Alerts that changed, and where to go on.
#[derive(SimpleObject)]
pub struct AlertChanges {
    /// The alerts as they are now, in the order of their last changes.
    alerts: Vec<Alert>,
    /// After a lost connection the subscription goes on from here.
    cursor: String,
}

/// The version that the alerts have come to.
pub type AlertClock = Arc<Shared<(), i64>>;

/// Reads it when something has changed.
pub fn alert_clock(feed: &Feed) -> AlertClock {
    Shared::new(feed, |reads, ()| {
        Box::pin(async move {
            let row = reads.call("select version from api.alert_clock", &[]).await?;
            Ok((row.get("version"), None))
        })
    })
}

/// Where a subscriber stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    version: i64,
    id: i64,
}

impl Place {
    fn parse(cursor: &str) -> Option<Self> {
        let (version, id) = cursor.split_once('_')?;
        Some(Place { version: version.parse().ok()?, id: id.parse().ok()? })
    }
}

/// Subscriptions to alerts.
#[derive(Default)]
pub struct AlertSubscription;

#[Subscription]
impl AlertSubscription {
    /// Alerts that are not resolved, as they are, which may be none; and then each alert that is raised, acknowledged,
    /// silenced or resolved, as it is then: several changes of one may come as one, and none is left out. With after, the
    /// cursor that came last, all that changed since comes first. At most 100 alerts come at a time. For keys that are kept
    /// to some wallets, those about these. Needs the scope rules or audit. INVALID_INPUT: after is no cursor.
    async fn alert_raised(
        &self,
        context: &Context<'_>,
        after: Option<String>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<AlertChanges>> + use<>> {
        let wallets = caller(context)?.wallets.clone();
        let after = after.map(|cursor| Place::parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let watch = Watch {
            versions: context.data::<AlertClock>()?.follow(()).boxed(),
            feed: context.data::<Feed>()?.clone(),
            wallets,
            told: after,
            begun: false,
            waiting: VecDeque::new(),
        };
        Ok(stream::unfold(watch, |mut watch| async move { Some((Ok(watch.next().await?), watch)) }))
    }
}

struct Watch {
    versions: BoxStream<'static, i64>,
    feed: Feed,
    wallets: Option<Vec<String>>,
    /// Up to here all was told; None: nothing was.
    told: Option<Place>,
    /// Whether the clock has been read.
    begun: bool,
    waiting: VecDeque<AlertChanges>,
}

impl Watch {
    async fn next(&mut self) -> Option<AlertChanges> {
        loop {
            if let Some(changes) = self.waiting.pop_front() {
                return Some(changes);
            }
            let version = self.versions.next().await?;
            // A cursor of what was lost by restoring a backup tells nothing.
            if !std::mem::replace(&mut self.begun, true) && self.told.is_some_and(|told| told.version > version) {
                self.told = None;
            }
            self.read(version).await;
        }
    }

    /// Reads what has changed by now, which is all up to this version at least.
    async fn read(&mut self, version: i64) {
        let first = self.told.is_none();
        let mut place = self.told.unwrap_or(Place { version: -1, id: 0 });
        loop {
            let alerts = page(&self.feed, &self.wallets, place, first).await;
            let more = alerts.len() == PAGE as usize;
            if let Some(last) = alerts.last() {
                place = Place { version: last.version, id: last.id };
            }
            if !more {
                place = place.max(Place { version, id: i64::MAX });
            }
            if first || !alerts.is_empty() {
                let cursor = format!("{}_{}", place.version, place.id);
                self.waiting.push_back(AlertChanges { alerts, cursor });
            }
            if !more {
                break;
            }
        }
        self.told = Some(place);
    }
}

/// A page, however long it takes.
async fn page(feed: &Feed, wallets: &Option<Vec<String>>, place: Place, first: bool) -> Vec<Alert> {
    loop {
        let parameters: [&(dyn ToSql + Sync); 5] = [&place.version, &place.id, wallets, &first, &PAGE];
        match feed.reads().list(CHANGED, &parameters).await {
            Ok(alerts) => return alerts,
            Err(error) => {
                warn!("cannot read the alerts that changed, and goes on trying: {}", error.message);
                sleep(PAUSE).await;
            }
        }
    }
}

const PAGE: i32 = 100;

const ALERTS: &str = "
    select a from api.alert a
    where ($2::bigint is null or a.id < $2) and a.state = any ($3) and ($4::text[] is null or a.wallet = any ($4))
    order by a.id desc
    limit $1::int";

const ALERT_RULES: &str = "select r from api.alert_rule r where r.name > $2 order by r.name limit $1::int";

// Who has been told nothing is told what is not resolved.
const CHANGED: &str = "
    select a from api.alert a
    where (a.version, a.id) > ($1, $2) and ($3::text[] is null or a.wallet = any ($3)) and not ($4 and a.state = 'resolved')
    order by a.version, a.id
    limit $5::int";
