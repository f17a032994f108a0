//! What Prometheus reads at `/metrics`: counted in this gateway, and, a few seconds old at most, looked up in the
//! database.
//!
//! Labels are bounded: kinds, codes and lanes by the program's text, jobs, webhooks, wallets and rules by the rows that
//! operators make. [`ALL`] is every metric there is; `docs/metrics.md` is printed from it.

use std::{
    collections::HashSet,
    fmt::Write,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use async_graphql::resolver_utils::EnumType;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use deadpool_postgres::Pool;
use prometheus::{
    Encoder, GaugeVec, Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, TEXT_FORMAT, TextEncoder,
};
use tokio::sync::{Mutex, MutexGuard};
use tracing::warn;

use crate::{
    database::{self, CALL_TIMEOUT},
    error::{CODES, Error},
    operation::{OperationKind, Outcome},
};

/// How old what was looked up in the database may be, so that scrapes can't load it.
const FRESH: Duration = Duration::from_secs(5);
/// How long a scrape waits for the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// Rules that are told apart; awards by others count as `other`.
const MAX_RULES: i64 = 200;

/// A metric, as people read of it.
pub struct Spec {
    /// Its name.
    pub name: &'static str,
    /// counter, gauge or histogram.
    pub kind: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    /// Whether it is looked up in the database: each gateway then says the same.
    pub stored: bool,
}

const fn counted(name: &'static str, kind: &'static str, labels: &'static [&'static str], help: &'static str) -> Spec {
    Spec { name, kind, labels, help, stored: false }
}

const fn stored(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Spec {
    Spec { name, kind: "gauge", labels, help, stored: true }
}

/// Every metric there is, by name.
pub const ALL: &[Spec] = &[
    stored("jifen_alerts", &["severity"], "Alerts that are not resolved."),
    counted("jifen_batch_operations", "histogram", &[], "Operations in a call of the engine."),
    stored("jifen_database_up", &[], "Whether the database answered: 1 or 0. At 0 all that is stored is missing."),
    stored("jifen_discrepancies", &[], "What reconciliation found not to add up and is not resolved."),
    counted("jifen_execute_seconds", "histogram", &[], "How long a call of the engine takes."),
    stored("jifen_expiry_lag_seconds", &[], "How late the booking of expiry, activation and the end of holds is."),
    counted(
        "jifen_feed_lag_seconds",
        "histogram",
        &[],
        "From when an account that is followed is said to have changed until its followers are told.",
    ),
    stored(
        "jifen_flow_lag_seconds",
        &[],
        "How long ago the last entry was booked that flows count, or could have been.",
    ),
    counted("jifen_followed_accounts", "gauge", &[], "Accounts that somebody follows."),
    stored("jifen_hour_points", &["wallet", "flow"], "Points of the present hour so far."),
    stored("jifen_job_failures", &["job"], "Steps of the job that failed one after another; 0: the last did not."),
    stored("jifen_job_lag_seconds", &["job"], "How late the job is."),
    counted(
        "jifen_lane_faults_total",
        "counter",
        &["fault"],
        "Calls of the engine that failed: lost or retried and sent again, poisoned and cut in two, or given up as the \
         server is exhausted.",
    ),
    counted("jifen_lane_wait_seconds", "histogram", &[], "How long an operation waits in its lane."),
    counted("jifen_lane_waiting", "gauge", &["lane"], "Operations that wait in the lane."),
    counted(
        "jifen_operations_total",
        "counter",
        &["kind", "rule", "outcome"],
        "Operations answered by the lanes: done, replayed, or the code of the refusal. Rules of awards only.",
    ),
    stored("jifen_outbox_oldest_seconds", &[], "How long the oldest event has waited to be queued for webhooks."),
    stored("jifen_outbox_waiting", &[], "Events that wait to be queued; 10000: so many or more."),
    counted(
        "jifen_points_total",
        "counter",
        &["kind", "rule"],
        "Points of the operations that were done, either way: awarded for earn, taken for spend.",
    ),
    counted("jifen_pool_connections", "gauge", &["state"], "Connections for reads: idle or busy."),
    counted("jifen_pool_waiting", "gauge", &[], "Reads that wait for a connection."),
    stored("jifen_queue_oldest_seconds", &[], "How long the oldest award has waited in the queue."),
    stored("jifen_queue_waiting", &[], "Awards that wait in the queue."),
    stored("jifen_reconciliation_age_seconds", &[], "Since when everything was last proven; missing: never."),
    stored(
        "jifen_reconciliation_incremental_age_seconds",
        &[],
        "Since when what had changed was last proven; missing: never.",
    ),
    stored(
        "jifen_seal_lag_seconds",
        &[],
        "How long ago the oldest entry was booked that is not sealed, or could have been; 0: all are sealed.",
    ),
    counted("jifen_sockets", "gauge", &[], "Connections that stay open: WebSockets and server-sent events."),
    counted("jifen_subscriptions", "gauge", &[], "Subscriptions, and other requests on sockets, that run."),
    stored(
        "jifen_total_difference_points",
        &["wallet"],
        "By how much balances differed from what was booked at the last look; anything but 0 is wrong.",
    ),
    stored("jifen_total_points", &["wallet"], "Points that members had together at the last look, within the hour."),
    stored("jifen_webhook_dead", &["webhook"], "Events that were given up; 10000: so many or more."),
    stored("jifen_webhook_lag_seconds", &["webhook"], "How long ago the oldest event happened that waits for it."),
    stored("jifen_webhook_waiting", &["webhook"], "Events that wait for it; 10000: so many or more."),
];

/// The table of `docs/metrics.md`.
pub fn page() -> String {
    let mut page = String::from("| metric | type | labels | of | |\n| --- | --- | --- | --- | --- |\n");
    for Spec { name, kind, labels, help, stored } in ALL {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let of = if *stored { "the database" } else { "the gateway" };
        // Writing to a String does not fail.
        let _written = writeln!(page, "| `{name}` | {kind} | {} | {of} | {help} |", labels.join(", "));
    }
    page
}

fn spec(name: &str) -> &'static Spec {
    // Each call names a metric of the list: a test makes them all.
    ALL.iter().find(|spec| spec.name == name).unwrap_or(&ALL[0])
}

fn counter(name: &str) -> IntCounterVec {
    let spec = spec(name);
    IntCounterVec::new(Opts::new(spec.name, spec.help), spec.labels).expect("the list has names that Prometheus takes")
}

fn gauge(name: &str) -> IntGauge {
    let spec = spec(name);
    IntGauge::new(spec.name, spec.help).expect("the list has names that Prometheus takes")
}

fn gauges(spec: &Spec) -> GaugeVec {
    GaugeVec::new(Opts::new(spec.name, spec.help), spec.labels).expect("the list has names that Prometheus takes")
}

fn histogram(name: &str, buckets: &[f64]) -> Histogram {
    let spec = spec(name);
    Histogram::with_opts(HistogramOpts::new(spec.name, spec.help).buckets(buckets.to_vec()))
        .expect("the list has names that Prometheus takes")
}

const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// What lanes count.
pub struct LaneMetrics {
    operations: IntCounterVec,
    points: IntCounterVec,
    faults: IntCounterVec,
    pub batch: Histogram,
    pub wait: Histogram,
    pub execute: Histogram,
    /// Rules that are told apart.
    rules: RwLock<HashSet<String>>,
}

impl Default for LaneMetrics {
    fn default() -> Self {
        LaneMetrics {
            operations: counter("jifen_operations_total"),
            points: counter("jifen_points_total"),
            faults: counter("jifen_lane_faults_total"),
            batch: histogram("jifen_batch_operations", SIZES),
            wait: histogram("jifen_lane_wait_seconds", SECONDS),
            execute: histogram("jifen_execute_seconds", SECONDS),
            rules: RwLock::default(),
        }
    }
}

impl LaneMetrics {
    /// Counts an operation and what was answered.
    pub fn answered(&self, kind: OperationKind, rule: Option<&str>, answer: &Result<Outcome, Error>) {
        let kind = kind_name(kind);
        let rule = rule.unwrap_or_default();
        let known = rule.is_empty() || self.rules.read().unwrap_or_else(PoisonError::into_inner).contains(rule);
        let rule = if known { rule } else { "other" };
        let outcome = match answer {
            Ok(outcome) if outcome.replayed => "replayed",
            Ok(outcome) => {
                self.points.with_label_values(&[kind.as_str(), rule]).inc_by(outcome.operation.points.unsigned_abs());
                "done"
            }
            // A database that is newer than this gateway may know more codes.
            Err(error) => CODES.iter().find(|(code, ..)| *code == error.code).map_or("other", |(code, ..)| code),
        };
        self.operations.with_label_values(&[kind.as_str(), rule, outcome]).inc();
    }

    /// Counts a call that failed.
    pub fn failed(&self, fault: &str) {
        self.faults.with_label_values(&[fault]).inc();
    }

    fn know(&self, rules: HashSet<String>) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

fn kind_name(kind: OperationKind) -> String {
    let item = OperationKind::items().iter().find(|item| item.value == kind);
    item.map_or_else(String::new, |item| item.name.to_lowercase())
}

/// What the feed counts.
pub struct FeedMetrics {
    pub lag: Histogram,
}

impl Default for FeedMetrics {
    fn default() -> Self {
        FeedMetrics { lag: histogram("jifen_feed_lag_seconds", SECONDS) }
    }
}

/// What stands in memory when it is looked at.
pub struct Standing {
    /// Operations that wait in each lane.
    pub lanes: Vec<usize>,
    /// Accounts that somebody follows.
    pub followed: usize,
    /// Connections that stay open.
    pub sockets: usize,
}

/// The metrics of a gateway.
pub struct Metrics {
    registry: Registry,
    lanes: Arc<LaneMetrics>,
    standing: Box<dyn Fn() -> Standing + Send + Sync>,
    pool: Pool,
    lane_waiting: GaugeVec,
    connections: GaugeVec,
    pool_waiting: IntGauge,
    followed: IntGauge,
    sockets: IntGauge,
    stored: Vec<(&'static Spec, GaugeVec)>,
    looked: Mutex<Option<Instant>>,
}

impl Metrics {
    /// Of these lanes, feed, subscriptions and reads.
    pub fn new(
        lanes: Arc<LaneMetrics>,
        feed: &FeedMetrics,
        subscriptions: IntGauge,
        pool: Pool,
        standing: impl Fn() -> Standing + Send + Sync + 'static,
    ) -> Self {
        let metrics = Metrics {
            registry: Registry::new(),
            standing: Box::new(standing),
            pool,
            lane_waiting: gauges(spec("jifen_lane_waiting")),
            connections: gauges(spec("jifen_pool_connections")),
            pool_waiting: gauge("jifen_pool_waiting"),
            followed: gauge("jifen_followed_accounts"),
            sockets: gauge("jifen_sockets"),
            stored: ALL.iter().filter(|spec| spec.stored).map(|spec| (spec, gauges(spec))).collect(),
            looked: Mutex::default(),
            lanes: lanes.clone(),
        };
        let mut all: Vec<Box<dyn prometheus::core::Collector>> = vec![
            Box::new(lanes.operations.clone()),
            Box::new(lanes.points.clone()),
            Box::new(lanes.faults.clone()),
            Box::new(lanes.batch.clone()),
            Box::new(lanes.wait.clone()),
            Box::new(lanes.execute.clone()),
            Box::new(feed.lag.clone()),
            Box::new(subscriptions),
            Box::new(metrics.lane_waiting.clone()),
            Box::new(metrics.connections.clone()),
            Box::new(metrics.pool_waiting.clone()),
            Box::new(metrics.followed.clone()),
            Box::new(metrics.sockets.clone()),
        ];
        for (_, gauges) in &metrics.stored {
            all.push(Box::new(gauges.clone()));
        }
        for collector in all {
            metrics.registry.register(collector).expect("each metric is registered once");
        }
        metrics
    }

    /// Everything, in the text that Prometheus reads.
    pub async fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        // As one that looks meanwhile puts down one value after another.
        let _alone = self.look().await;
        let standing = (self.standing)();
        for (lane, waiting) in standing.lanes.iter().enumerate() {
            self.lane_waiting.with_label_values(&[lane.to_string()]).set(*waiting as f64);
        }
        self.followed.set(standing.followed as i64);
        self.sockets.set(standing.sockets as i64);
        let status = self.pool.status();
        self.connections.with_label_values(&["idle"]).set(status.available as f64);
        self.connections.with_label_values(&["busy"]).set(status.size.saturating_sub(status.available) as f64);
        self.pool_waiting.set(status.waiting as i64);
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Looks in the database, unless somebody just has. Who comes meanwhile waits for what it finds.
    async fn look(&self) -> MutexGuard<'_, Option<Instant>> {
        let mut looked = self.looked.lock().await;
        if looked.is_some_and(|at| at.elapsed() < FRESH) {
            return looked;
        }
        let found = tokio::time::timeout(PATIENCE, self.find()).await;
        let found = found.unwrap_or_else(|_| Err(Error::overloaded()));
        for (_, gauges) in &self.stored {
            gauges.reset();
        }
        let up = found.is_ok();
        self.put("jifen_database_up", &[], f64::from(u8::from(up)));
        match found {
            Ok((measurements, rules)) => {
                for (name, labels, value) in measurements {
                    self.put(&name, &labels, value);
                }
                self.lanes.know(rules);
            }
            Err(error) => warn!("cannot read the metrics of the database: {}", error.message),
        }
        *looked = Some(Instant::now());
        looked
    }

    fn put(&self, name: &str, labels: &[String], value: f64) {
        let known = self.stored.iter().find(|(spec, _)| spec.name == name && spec.labels.len() == labels.len());
        match known {
            Some((_, gauges)) => gauges.with_label_values(labels).set(value),
            // A newer version may have changed the function under this one.
            None => warn!("the database has a metric {name} that this gateway does not know"),
        }
    }

    async fn find(&self) -> Result<(Vec<(String, Vec<String>, f64)>, HashSet<String>), Error> {
        let rows = database::query(&self.pool, CALL_TIMEOUT, MEASUREMENTS, &[]).await?;
        let read = |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
        let measurements = rows.iter().map(read).collect::<Result<_, tokio_postgres::Error>>()?;
        let rules = database::query(&self.pool, CALL_TIMEOUT, RULES, &[&MAX_RULES]).await?;
        Ok((measurements, rules.iter().map(|row| row.get(0)).collect()))
    }

    /// What `/metrics` answers.
    pub async fn respond(&self) -> Response {
        match self.text().await {
            Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
            Err(error) => {
                warn!("cannot write the metrics: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// For an address of its own, where no key is asked for.
pub fn routes(metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/metrics", get(async |State(metrics): State<Arc<Metrics>>| metrics.respond().await))
        .with_state(metrics)
}

/// The gauge of subscriptions, which the schema moves.
pub fn subscriptions() -> IntGauge {
    gauge("jifen_subscriptions")
}

const MEASUREMENTS: &str = "select name, labels, value from api.measurements()";

const RULES: &str = "select code from api.rule order by code limit $1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_metric_can_be_made() {
        assert!(ALL.is_sorted_by(|one, other| one.name < other.name));
        for spec in ALL {
            assert!(!spec.help.is_empty() && spec.name.starts_with("jifen_"), "{}", spec.name);
            assert_eq!(spec.name.ends_with("_total"), spec.kind == "counter", "{}", spec.name);
            gauges(spec);
        }
        assert_eq!(kind_name(OperationKind::MakeUp), "make_up");
    }
}
