//! `jifen import`: past orders, or adjustments, from a file, through the lanes like every other write.

pub(crate) mod file;
mod report;

use std::{collections::VecDeque, io, path::PathBuf, time::Duration};

use chrono::{DateTime, NaiveDateTime, Utc};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::spawn_blocking,
};
use tokio_postgres::{Client, error::SqlState};

use crate::{
    account::bucket,
    config::Import as What,
    database::{self, Config},
    error::{self, Error},
    lanes::{Lanes, QUEUE},
    ledger::Request,
    operation::{OperationKind, Outcome},
};
use file::{ADJUSTMENTS, Content, FileError, Layout, ORDERS, Row, Table, When};
use report::Report;

/// Rows sent and not yet reported on; memory is bounded by it. Enough for full batches in every lane.
const WINDOW: usize = 4096;
/// Chunks of rows that are read ahead.
const READ_AHEAD: usize = 4;
/// How often a row is sent, each time for as long as a lane tries, before the import stops.
const ATTEMPTS: u32 = 5;
/// Rows that may fail for Jifen's own fault: one may be what it chokes on, this many are not.
const MOST_INTERNAL: u64 = 10;
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Why an import stopped, or did not bring in everything.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file can't be read, or isn't what it should be.
    #[error(transparent)]
    File(#[from] FileError),
    /// PostgreSQL refused something.
    #[error("{}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The functions and views are missing.
    #[error("the database is not at this version ({0}): run `jifen migrate` first")]
    NotMigrated(String),
    /// No such rule.
    #[error("nothing was imported: no rule named {0} is in force; there are: {1}")]
    UnknownRule(String, String),
    /// No such wallet.
    #[error("nothing was imported: there is no wallet named {0}; there are: {1}")]
    UnknownWallet(String, String),
    /// Somebody took its rights away.
    #[error(
        "nothing was imported: the client named import may not {0}; `jifen key create import --replace --scopes earn,adjust` allows it"
    )]
    Forbidden(&'static str),
    /// The list of rejected rows can't be written.
    #[error("cannot write {}: {error}. {RESUME}", .path.display())]
    Rejected { path: PathBuf, error: csv::Error },
    /// The database did not come back.
    #[error("stopped at line {line}: {}. {RESUME}", .error.message)]
    Stopped { line: u64, error: Error },
    /// Something is wrong in Jifen, not in the file.
    #[error(
        "stopped at line {line}: {MOST_INTERNAL} rows failed for a fault of Jifen's own, which the log shows. {RESUME}"
    )]
    Internal { line: u64 },
    /// Somebody asked it to stop.
    #[error("interrupted. {RESUME}")]
    Interrupted,
    /// It came to the end, and some rows were rejected.
    #[error("rejected rows: {rows}; {} says why", .path.display())]
    SomeRejected { rows: u64, path: PathBuf },
    /// Ctrl-C would do harm.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
}

const RESUME: &str = "Run it again to go on: what is imported already stays as it is";

/// What the rows become.
struct Purpose<'a> {
    layout: &'static Layout,
    /// Right that it takes.
    scope: &'static str,
    kind: OperationKind,
    wallet: &'a str,
    /// None: they are no awards.
    rule: Option<&'a str>,
}

impl<'a> Purpose<'a> {
    fn of(what: &'a What) -> Self {
        match what {
            What::Orders(options) => Purpose {
                layout: &ORDERS,
                scope: "earn",
                kind: OperationKind::Earn,
                wallet: &options.wallet,
                rule: Some(&options.rule),
            },
            What::Adjustments(options) => Purpose {
                layout: &ADJUSTMENTS,
                scope: "adjust",
                kind: OperationKind::Adjust,
                wallet: &options.wallet,
                rule: None,
            },
        }
    }
}

/// Awards points for past orders, or corrects accounts.
pub async fn import(config: &Config, what: &What) -> Result<(), ImportError> {
    let purpose = Purpose::of(what);
    let path = what.file();
    let file = Table::open(path, purpose.layout)?;
    let client =
        database::connect(&database::as_gateway(config)).await.map_err(|error| explain(error, purpose.scope))?;
    let target = check(&client, &purpose).await?;
    let report = Report::new(path, file.size(), purpose.layout)?;
    let rows = read_ahead(file);
    let import = Import {
        lanes: Lanes::start(config, target.buckets, None),
        load: vec![0; usize::from(target.buckets)],
        window: VecDeque::with_capacity(WINDOW),
        interrupts: Interrupts::new().map_err(ImportError::Signals)?,
        client,
        client_id: target.client_id,
        purpose,
        report,
    };
    import.run(rows).await
}

/// Where the rows go.
struct Target {
    client_id: i32,
    buckets: u16,
}

/// Finds out before anything is written whether the import can work at all.
async fn check(client: &Client, purpose: &Purpose<'_>) -> Result<Target, ImportError> {
    let &Purpose { scope, wallet, rule, .. } = purpose;
    let names = async |query: &str| match client.query(query, &[]).await {
        Ok(rows) => Ok(rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()),
        Err(error) => Err(explain(error, scope)),
    };
    if let Some(rule) = rule {
        let rules = names("select rule from api.rule_version where state = 'in_force' order by rule").await?;
        if !rules.iter().any(|known| known == rule) {
            return Err(ImportError::UnknownRule(rule.to_owned(), rules.join(", ")));
        }
    }
    let wallets = names("select code from api.wallet order by code").await?;
    if !wallets.iter().any(|known| known == wallet) {
        return Err(ImportError::UnknownWallet(wallet.to_owned(), wallets.join(", ")));
    }
    let sql = "select api.import_client($1), bucket_count from api.program";
    let row = client.query_one(sql, &[&scope]).await.map_err(|error| explain(error, scope))?;
    Ok(Target { client_id: row.get(0), buckets: row.get::<_, i16>(1).unsigned_abs() })
}

fn explain(error: tokio_postgres::Error, scope: &'static str) -> ImportError {
    match error.code() {
        Some(
            // The last one: there is no role jifen_gateway.
            &SqlState::INVALID_SCHEMA_NAME
            | &SqlState::UNDEFINED_TABLE
            | &SqlState::UNDEFINED_FUNCTION
            | &SqlState::INVALID_PARAMETER_VALUE,
        ) => ImportError::NotMigrated(error::brief(&error)),
        Some(code) if code.code() == "LP003" => ImportError::Forbidden(scope),
        _ => error.into(),
    }
}

type Rows = mpsc::Receiver<Result<Vec<Row>, FileError>>;

/// Reads in a thread of its own, which ends with the file, or when nobody wants more.
fn read_ahead(mut file: Table) -> Rows {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    spawn_blocking(move || {
        loop {
            let chunk = file.next_chunk();
            let last = chunk.as_ref().map_or(true, Vec::is_empty);
            if sender.blocking_send(chunk).is_err() || last {
                return;
            }
        }
    });
    receiver
}

/// A row on its way.
struct Sent {
    line: u64,
    end: u64,
    request: Request,
    lane: usize,
    answer: BoxFuture<'static, Answer>,
}

type Answer = Result<Outcome, Error>;

struct Import<'a> {
    lanes: Lanes,
    /// Rows of the window, by lane: never more than its queue holds, so that none is turned away and overtaken.
    load: Vec<usize>,
    /// In the order of the file, so that the report is.
    window: VecDeque<Sent>,
    interrupts: Interrupts,
    client: Client,
    client_id: i32,
    purpose: Purpose<'a>,
    report: Report,
}

impl Import<'_> {
    async fn run(mut self, rows: Rows) -> Result<(), ImportError> {
        let result = self.carry_out(rows).await;
        self.report.finish()?;
        result?;
        self.report.verdict()
    }

    async fn carry_out(&mut self, mut rows: Rows) -> Result<(), ImportError> {
        let mut chunk = VecDeque::new();
        let mut stop = None;
        while !chunk.is_empty() || !self.window.is_empty() || stop.is_none() {
            while chunk.front().is_some_and(|row| self.has_room(row))
                && let Some(row) = chunk.pop_front()
            {
                self.send(row);
            }
            tokio::select! {
                biased;
                () = self.interrupts.next() => {
                    if matches!(stop, Some(Err(ImportError::Interrupted))) {
                        break;
                    }
                    self.report.note("stopping when what was sent is answered");
                    chunk.clear();
                    stop = Some(Err(ImportError::Interrupted));
                }
                more = rows.recv(), if chunk.is_empty() && stop.is_none() => match more {
                    Some(Ok(more)) if !more.is_empty() => chunk = self.localised(more).await?.into(),
                    Some(Err(error)) => stop = Some(Err(error.into())),
                    _ => stop = Some(Ok(())),
                },
                answer = first(&mut self.window), if !self.window.is_empty() => self.settle(answer).await?,
            }
        }
        stop.unwrap_or(Ok(()))
    }

    /// Gives the times without a zone the program's.
    async fn localised(&self, mut rows: Vec<Row>) -> Result<Vec<Row>, tokio_postgres::Error> {
        let whens: Vec<&mut When> = rows
            .iter_mut()
            .filter_map(|row| match &mut row.content {
                Ok(Content::Order { occurred_at, .. }) => Some(occurred_at),
                _ => None,
            })
            .collect();
        let locals: Vec<NaiveDateTime> = whens.iter().filter_map(|when| when.local()).collect();
        if locals.is_empty() {
            return Ok(rows);
        }
        let instants: Vec<DateTime<Utc>> = self.client.query_one(LOCALISE, &[&locals]).await?.get(0);
        for (when, instant) in whens.into_iter().filter(|when| when.local().is_some()).zip(instants) {
            *when = When::Instant(instant);
        }
        Ok(rows)
    }

    fn lane(&self, user_id: &str) -> usize {
        bucket(user_id, self.purpose.wallet, self.load.len())
    }

    fn has_room(&self, row: &Row) -> bool {
        self.window.len() < WINDOW && self.load[self.lane(&row.user_id)] < QUEUE
    }

    fn send(&mut self, row: Row) {
        let lane = self.lane(&row.user_id);
        let Row { line, end, user_id, key, content } = row;
        let mut request = Request {
            wallet: Some(self.purpose.wallet.to_owned()),
            rule: self.purpose.rule.map(str::to_owned),
            ..Request::new(self.purpose.kind, self.client_id, user_id, key)
        };
        let fault = match content {
            Ok(Content::Order { amount, occurred_at }) => {
                request.amount = amount;
                request.occurred_at = occurred_at.instant();
                None
            }
            Ok(Content::Adjustment { points, reason, actor }) => {
                request.points = Some(points);
                request.reason = Some(reason);
                request.actor = Some(actor);
                None
            }
            Err(fault) => Some(fault),
        };
        let answer = match fault {
            None => self.lanes.execute(request.clone()).boxed(),
            Some(fault) => std::future::ready(Err(fault)).boxed(),
        };
        self.load[lane] += 1;
        self.window.push_back(Sent { line, end, request, lane, answer });
    }

    /// Reports on the first row of the window, which has its answer.
    async fn settle(&mut self, mut answer: Answer) -> Result<(), ImportError> {
        let Some(sent) = self.window.pop_front() else { return Ok(()) };
        let mut attempt = 1;
        while let Err(error) = &answer
            && error.retryable
        {
            if attempt == ATTEMPTS {
                return Err(ImportError::Stopped { line: sent.line, error: error.clone() });
            }
            self.report.note(&format!("line {}: {} Sending it again", sent.line, error.message));
            tokio::select! {
                () = self.interrupts.next() => return Err(ImportError::Interrupted),
                () = tokio::time::sleep(RETRY_PAUSE * attempt) => {}
            }
            answer = self.lanes.execute(sent.request.clone()).await;
            attempt += 1;
        }
        self.load[sent.lane] -= 1;
        self.report.row(sent.line, sent.end, &sent.request, answer)
    }
}

/// The answer of the first row of the window.
async fn first(window: &mut VecDeque<Sent>) -> Answer {
    match window.front_mut() {
        Some(sent) => (&mut sent.answer).await,
        None => std::future::pending().await,
    }
}

/// Ctrl-C, and what a service manager sends.
struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    fn new() -> io::Result<Self> {
        Ok(Interrupts { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

const LOCALISE: &str = "select array(
    select t.local at time zone p.time_zone
    from unnest($1::timestamp[]) with ordinality t(local, ord), api.program p
    order by t.ord)";
