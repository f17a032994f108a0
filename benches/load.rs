//! Workers that each send one request at a time, for a warm-up and then a measured while, checked
//! afterwards against the database: in a closed loop, or at a pace that does not wait for answers.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::report::{Report, Row, Target, say};
use crate::requests::{Kind, Random, Template, first_key};
use crate::usage::Usage;
use crate::world::{RowCounts, World};
use crate::{Result, gateway};

/// Sends one request and gives the number of operations that were answered as done.
pub trait Worker: Send + 'static {
    /// Waits until it is time for the next request, and says since when it has been: its latency counts from there.
    fn turn(&mut self) -> impl Future<Output = Instant> + Send {
        async { Instant::now() }
    }

    fn request(&mut self) -> impl Future<Output = Result<u64>> + Send;
}

/// What the database must have afterwards.
#[derive(Clone, Copy)]
pub enum Expected {
    Nothing,
    Awards,
    /// Members are chosen at random, so a few have nothing left to spend.
    Spends,
}

const REFUSED_AT_MOST: f64 = 0.05;

/// What a load did in its measured while.
pub struct Load {
    name: String,
    operations: u64,
    pub per_second: f64,
    usage: Usage,
    latency: Histogram<u64>,
    disk_bytes: f64,
    /// Operations a second of a paced one.
    asked: Option<f64>,
}

struct Shared {
    /// The one that is now; all there are in the warm-up.
    window: AtomicUsize,
    stopped: AtomicBool,
    operations: AtomicU64,
    /// Latencies of each window, as far as workers have handed them in.
    latencies: Mutex<Vec<Histogram<u64>>>,
}

impl Shared {
    fn new(windows: usize) -> Self {
        Self {
            window: AtomicUsize::new(windows),
            stopped: AtomicBool::new(false),
            operations: AtomicU64::new(0),
            latencies: Mutex::new(vec![histogram(); windows]),
        }
    }
}

struct Tally {
    answered: u64,
    errors: u64,
    first_error: Option<String>,
    /// Of this window.
    latency: Histogram<u64>,
    window: usize,
}

/// Runs the workers, and checks that the database has what was answered.
pub async fn drive<W: Worker>(
    world: &World,
    report: &mut Report,
    name: &str,
    workers: Vec<W>,
    expected: Expected,
) -> Result<Load> {
    let loads = drive_through(world, report, name, workers, expected, &[world.scale.measure]).await?;
    loads.into_iter().next().ok_or_else(|| format!("{name}: nothing was measured").into())
}

/// The same, measured in so many windows, one right after the other.
pub async fn drive_through<W: Worker>(
    world: &World,
    report: &mut Report,
    name: &str,
    workers: Vec<W>,
    expected: Expected,
    windows: &[Duration],
) -> Result<Vec<Load>> {
    say(name);
    let begun = world.now().await?;
    let disk_before = world.disk_bytes().await?;
    let shared = Arc::new(Shared::new(windows.len()));
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(worker, Arc::clone(&shared)));
    }

    tokio::time::sleep(world.scale.warm_up).await;
    let mut measured = Vec::new();
    let mut operations_before = shared.operations.load(Ordering::Relaxed);
    let mut before = world.sample().await?;
    for (number, window) in windows.iter().enumerate() {
        shared.window.store(number, Ordering::Relaxed);
        tokio::time::sleep(*window).await;
        let operations = shared.operations.load(Ordering::Relaxed);
        let after = world.sample().await?;
        measured.push((operations - operations_before, after - before));
        (operations_before, before) = (operations, after);
        if windows.len() > 1 {
            let (operations, usage) = &measured[number];
            say(format!("  {} of {}: {:.0} a second", number + 1, windows.len(), *operations as f64 / usage.seconds));
        }
    }
    shared.window.store(windows.len(), Ordering::Relaxed);
    shared.stopped.store(true, Ordering::Relaxed);

    let mut total = Tally::new(windows.len());
    while let Some(tally) = tasks.join_next().await {
        total.add(tally??);
    }
    let disk = (world.disk_bytes().await? - disk_before) as f64;
    total.check(report, name, world.row_counts(begun).await?, expected);
    let latencies = std::mem::take(&mut *shared.latencies.lock().map_err(|_| "a worker panicked")?);
    let loads = measured.into_iter().zip(latencies).enumerate();
    Ok(loads
        .map(|(number, ((operations, usage), latency))| Load {
            name: if windows.len() == 1 { name.to_owned() } else { format!("{name}, part {}", number + 1) },
            operations,
            per_second: operations as f64 / usage.seconds,
            usage,
            latency,
            disk_bytes: disk / total.answered as f64,
            asked: None,
        })
        .collect())
}

async fn work(mut worker: impl Worker, shared: Arc<Shared>) -> Result<Tally> {
    let mut tally = Tally::new(shared.window.load(Ordering::Relaxed));
    while !shared.stopped.load(Ordering::Relaxed) {
        let since = worker.turn().await;
        match worker.request().await {
            Ok(operations) => {
                tally.answered += operations;
                shared.operations.fetch_add(operations, Ordering::Relaxed);
                tally.enter(shared.window.load(Ordering::Relaxed), &shared)?;
                tally.latency.saturating_record(since.elapsed().as_micros() as u64);
            }
            Err(error) => {
                tally.errors += 1;
                tally.first_error.get_or_insert_with(|| error.to_string());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    tally.enter(usize::MAX, &shared)?;
    Ok(tally)
}

fn histogram() -> Histogram<u64> {
    // One minute in microseconds and two digits are a valid range.
    Histogram::new_with_bounds(1, 60_000_000, 2).expect("the bounds are valid")
}

impl Tally {
    fn new(window: usize) -> Self {
        Self { answered: 0, errors: 0, first_error: None, latency: histogram(), window }
    }

    /// Goes on to a window; latencies of the one before are handed in, those outside of any are dropped.
    fn enter(&mut self, window: usize, shared: &Shared) -> Result<()> {
        if window == self.window {
            return Ok(());
        }
        let mut latencies = shared.latencies.lock().map_err(|_| "a worker panicked")?;
        if let Some(latency) = latencies.get_mut(self.window) {
            latency.add(&self.latency)?;
        }
        self.latency.reset();
        self.window = window;
        Ok(())
    }

    fn add(&mut self, other: Tally) {
        self.answered += other.answered;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }

    fn check(&self, report: &mut Report, name: &str, rows: RowCounts, expected: Expected) {
        if let Some(error) = &self.first_error {
            report.problem(format!("{name}: {} errors, the first: {error}", self.errors));
        }
        if self.answered == 0 {
            report.problem(format!("{name}: nothing was answered"));
        }
        let answered = self.answered as i64;
        let RowCounts { done, refused } = rows;
        let as_expected = match expected {
            Expected::Nothing => done == 0 && refused == 0,
            Expected::Awards => done == answered && refused == 0,
            Expected::Spends => done + refused == answered && refused as f64 <= answered as f64 * REFUSED_AT_MOST,
        };
        if !as_expected {
            report.problem(format!(
                "{name}: {answered} operations were answered; new in the database are {done} done and {refused} refused"
            ));
        }
    }
}

impl Load {
    pub fn row(&self, unit: &'static str) -> Row {
        Row::new(&self.name, self.per_second, unit)
    }

    /// Milliseconds below which this share of the requests was answered.
    pub fn milliseconds(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// Latency and CPU.
    pub fn details(&self, report: &mut Report, unit: &'static str) {
        let name = &self.name;
        if let Some(asked) = self.asked {
            let row = Row::new(format!("{name}: achieved, against asked"), self.per_second, "operations/s");
            report.detail(row.against(asked));
        }
        report.detail(Row::new(format!("{name}: p50"), self.milliseconds(0.5), "ms"));
        report.detail(Row::new(format!("{name}: p99"), self.milliseconds(0.99), "ms"));
        self.usage.report_cpu(report, name, self.operations as f64, unit);
    }

    /// Operations a transaction, and how many of the balances' updates changed no index. The server counts with a delay
    /// of up to a second.
    pub fn work(&self, report: &mut Report) {
        let name = &self.name;
        let operations = self.operations as f64 / self.usage.transactions;
        report.detail(Row::new(format!("{name}: a transaction"), operations, "operations"));
        let hot = self.usage.hot_updates / self.usage.updates;
        let row = Row::new(format!("{name}: HOT updates of balances"), 100.0 * hot, "%");
        report.add(row.against(100.0).wants(Target::AtLeast(0.95)));
    }

    /// WAL and disk. A page's first change after a checkpoint writes the whole page into the WAL,
    /// so those are also shown apart.
    pub fn bytes(&self, report: &mut Report) {
        let name = &self.name;
        let operations = self.operations as f64;
        report.detail(Row::new(format!("{name}: WAL"), self.usage.wal_bytes / operations, "bytes/award"));
        report.detail(Row::new(
            format!("{name}: full pages in the WAL"),
            self.usage.wal_full_pages / operations,
            "pages/award",
        ));
        report.detail(Row::new(format!("{name}: disk"), self.disk_bytes, "bytes/award"));
    }
}

/// Arrivals at even distances, whoever of the workers is free for them. Who is late because all were waiting for
/// answers has that in its latency.
struct Pace {
    begun: Instant,
    per_second: f64,
    arrivals: AtomicU64,
}

impl Pace {
    async fn arrival(&self) -> Instant {
        let number = self.arrivals.fetch_add(1, Ordering::Relaxed);
        let at = self.begun + Duration::from_secs_f64(number as f64 / self.per_second);
        tokio::time::sleep_until(at.into()).await;
        at
    }
}

/// A simulated client of the gateway.
pub struct Http {
    pace: Option<Arc<Pace>>,
    connection: Connection,
    template: Template,
    random: Random,
    members: Arc<Vec<i32>>,
    key: u64,
    operations: u64,
}

impl Worker for Http {
    async fn turn(&mut self) -> Instant {
        match &self.pace {
            Some(pace) => pace.arrival().await,
            None => Instant::now(),
        }
    }

    async fn request(&mut self) -> Result<u64> {
        let request = self.template.render(&mut self.random, &self.members, &mut self.key);
        let answer = self.connection.exchange(request).await?;
        if answer.status != 200 || contains(answer.body, b"\"errors\"") {
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(500)]);
            return Err(format!("status {}: {body}", answer.status).into());
        }
        Ok(self.operations)
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// What a measurement over HTTP sends.
pub struct Traffic {
    pub kind: Kind,
    pub connections: usize,
    /// Who answers; None: the gateway.
    pub to: Option<SocketAddr>,
    /// Members that the requests are about; None: everybody.
    pub about: Option<Vec<i32>>,
    /// Requests that are due a second, however long they take; None: a connection sends its next one when it is answered.
    pub per_second: Option<f64>,
}

impl Traffic {
    pub fn new(kind: Kind, connections: usize) -> Self {
        Self { kind, connections, to: None, about: None, per_second: None }
    }

    /// Its clients, connected.
    pub async fn workers(self, world: &World) -> Result<Vec<Http>> {
        let address = self.to.map_or_else(|| world.gateway_address(), Ok)?;
        let measurement = world.next_measurement();
        let members = Arc::new(self.about.unwrap_or_else(|| everybody(world, self.kind)));
        let mut connections = Vec::with_capacity(self.connections);
        for number in 0..self.connections {
            let connection = Connection::open(address)
                .await
                .map_err(|error| format!("connection {number} to the gateway: {error} (see also ulimit -n)"))?;
            connections.push(connection);
        }
        // What opening them took, no request has waited for.
        let begun = Instant::now();
        let pace = self.per_second.map(|per_second| Arc::new(Pace { begun, per_second, arrivals: AtomicU64::new(0) }));
        let workers = connections.into_iter().enumerate().map(|(number, connection)| {
            let key = first_key(measurement, number);
            Http {
                pace: pace.clone(),
                connection,
                template: Template::new(self.kind, gateway::API_KEY),
                random: Random::new(key),
                members: Arc::clone(&members),
                key,
                operations: self.kind.operations(),
            }
        });
        Ok(workers.collect())
    }
}

fn everybody(world: &World, kind: Kind) -> Vec<i32> {
    let every = kind.every(world.scale.accounts);
    world.members.iter().flat_map(|members| members.iter().copied().step_by(every)).collect()
}

fn expected(kind: Kind) -> Expected {
    match kind {
        Kind::Earn | Kind::EarnBatch | Kind::Redeem => Expected::Awards,
        Kind::Spend => Expected::Spends,
        Kind::Balance | Kind::BalanceAndLevel | Kind::PostGraphile => Expected::Nothing,
    }
}

/// Sends requests of one kind about everybody, as fast as they are answered.
pub async fn http(world: &World, report: &mut Report, name: &str, kind: Kind, connections: usize) -> Result<Load> {
    send(world, report, name, Traffic::new(kind, connections)).await
}

/// Sends it.
pub async fn send(world: &World, report: &mut Report, name: &str, traffic: Traffic) -> Result<Load> {
    let expected = expected(traffic.kind);
    world.let_jobs_catch_up().await?;
    let asked = traffic.per_second.map(|per_second| per_second * traffic.kind.operations() as f64);
    let load = drive(world, report, name, traffic.workers(world).await?, expected).await?;
    Ok(Load { asked, ..load })
}
