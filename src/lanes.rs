//! The way of every write: a lane a bucket, each with a bounded queue, and connections that the lanes share. A lane
//! sends what has queued, and meanwhile collects the next batch: an idle system answers at once, and a busy one batches
//! by itself. Lanes are for throughput; correctness rests on row locks, so any number of gateways may run.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};
use tokio_postgres::{
    Row, Statement,
    error::SqlState,
    types::{ToSql, Type},
};
use tracing::{debug, warn};

use crate::{
    account::{Account, bucket},
    database::{self, CALL_TIMEOUT, Config, NO_ANSWER},
    error::{self, Error},
    feed::{Feed, Hint},
    ledger::Request,
    metrics::LaneMetrics,
    operation::Outcome,
    request::timed,
};

/// Operations in one call.
const MAX_BATCH: usize = 256;
/// Operations that may wait in a lane; one more is refused before anything is sent.
pub const QUEUE: usize = 1024;
/// Lanes that call at once; the others collect meanwhile. With more, batches would be smaller and all of it slower: a
/// call by itself costs as much as ten of its operations, and a cache does not hold the plans of many sessions.
pub const TURNS: usize = 3;
/// How long a call keeps its turn: one that hangs must not hold up the other lanes. Busy calls take a tenth of it.
const TURN: Duration = Duration::from_millis(250);
/// From the moment an operation leaves the queue until its caller is answered, whatever happens. It waits no longer in
/// the queue either: twice that is the longest that anybody waits.
const DEADLINE: Duration = Duration::from_secs(10);
const RETRY_PAUSE: Duration = Duration::from_millis(50);

type Answer = Result<Outcome, Error>;

struct Item {
    request: Request,
    answer: oneshot::Sender<Answer>,
    queued_at: Instant,
}

/// All lanes of a gateway.
#[derive(Clone)]
pub struct Lanes {
    queues: Arc<[mpsc::Sender<Item>]>,
    metrics: Arc<LaneMetrics>,
}

impl Lanes {
    /// Starts a lane for each bucket. They connect when they first have something to send. They tell the feed what they
    /// have changed; without one, each transaction tells the gateways itself.
    pub fn start(config: &Config, buckets: u16, feed: Option<&Feed>) -> Self {
        let sessions = Arc::new(Sessions {
            config: if feed.is_some() { database::as_lane(config) } else { database::as_gateway(config) },
            turns: Semaphore::new(TURNS),
            idle: Mutex::default(),
        });
        let metrics = Arc::new(LaneMetrics::default());
        let queues = (0..buckets)
            .map(|bucket| {
                let (sender, receiver) = mpsc::channel(QUEUE);
                let lane = Lane {
                    bucket: bucket as i16,
                    sessions: sessions.clone(),
                    feed: feed.cloned(),
                    metrics: metrics.clone(),
                };
                tokio::spawn(lane.run(receiver));
                sender
            })
            .collect();
        Lanes { queues, metrics }
    }

    /// What they have counted.
    pub fn metrics(&self) -> Arc<LaneMetrics> {
        self.metrics.clone()
    }

    /// Operations that wait in each lane.
    pub fn waiting(&self) -> Vec<usize> {
        self.queues.iter().map(|queue| QUEUE - queue.capacity()).collect()
    }

    /// Carries out one operation. It queues at once: operations on one account are carried out in the order of the
    /// calls.
    pub fn execute(&self, request: Request) -> impl Future<Output = Answer> + Send + use<> {
        receive(self.send(request))
    }

    /// Carries out operations, each on its own; those on one account in their order.
    pub async fn execute_all(&self, requests: Vec<Request>) -> Vec<Answer> {
        let waiting: Vec<_> = requests.into_iter().map(|request| self.send(request)).collect();
        let mut answers = Vec::with_capacity(waiting.len());
        for receiver in waiting {
            answers.push(receive(receiver).await);
        }
        answers
    }

    fn send(&self, request: Request) -> Result<oneshot::Receiver<Answer>, Error> {
        request.check()?;
        let lane = bucket(&request.user_id, request.wallet(), self.queues.len());
        let (answer, receiver) = oneshot::channel();
        match self.queues[lane].try_send(Item { request, answer, queued_at: Instant::now() }) {
            Ok(()) => Ok(receiver),
            Err(refused) => {
                let refused = refused.into_inner().request;
                let answer = Err(Error::overloaded());
                self.metrics.answered(refused.kind, refused.rule.as_deref(), &answer);
                answer.map(|_: Outcome| receiver)
            }
        }
    }
}

async fn receive(waiting: Result<oneshot::Receiver<Answer>, Error>) -> Answer {
    // A lane answers each of its items; only its death, at the end of the gateway, drops one.
    let answer = waiting?.await.unwrap_or_else(|_| Err(Error::outcome_unknown()));
    match &answer {
        Ok(outcome) => debug!(operation = %outcome.operation.id, replayed = outcome.replayed, "carried out"),
        Err(error) => debug!(code = error.code, "not carried out"),
    }
    answer
}

struct Lane {
    bucket: i16,
    sessions: Arc<Sessions>,
    feed: Option<Feed>,
    metrics: Arc<LaneMetrics>,
}

/// The connections of all lanes. The one that was used last is used next: a session's plans are megabytes, and in a
/// processor's cache they are quick.
struct Sessions {
    config: Config,
    turns: Semaphore,
    idle: Mutex<Vec<Session>>,
}

struct Session {
    client: database::Session,
    statement: Statement,
    /// Calls made.
    calls: u32,
}

impl Sessions {
    async fn take(&self) -> Result<Session, tokio_postgres::Error> {
        let mut session = loop {
            let idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
            match idle {
                Some(session) if session.client.is_closed() => {}
                Some(session) => break session,
                None => {
                    let client = database::session(&self.config).await?;
                    let statement = client.prepare_typed(EXECUTE, &[Type::INT2]).await?;
                    break Session { client, statement, calls: 0 };
                }
            }
        };
        session.calls = session.calls.wrapping_add(1);
        // A session keeps its plans, and those made while a table was small are bad ones when it has grown.
        if session.calls.is_power_of_two() {
            session.client.batch_execute("discard plans").await?;
        }
        Ok(session)
    }

    fn give_back(&self, session: Session) {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(session);
    }
}

enum Failure {
    /// The call may have been carried out or not.
    Lost(String),
    /// The call was rolled back, and may succeed if sent again.
    Retry(String),
    /// The server takes no writes, as standbys do: another one does, or the same one soon.
    Standby(String),
    /// The call was rolled back or not even sent, as the server has run out of something: so would others be now.
    Exhausted(tokio_postgres::Error),
    /// The call was rolled back, and one of its operations is the reason.
    Poisoned(tokio_postgres::Error),
}

impl Lane {
    async fn run(self, mut queue: mpsc::Receiver<Item>) {
        let mut items = Vec::with_capacity(MAX_BATCH);
        let sessions = self.sessions.clone();
        while queue.recv_many(&mut items, MAX_BATCH).await > 0 {
            let turn = sessions.turns.acquire().await;
            while items.len() < MAX_BATCH
                && let Ok(item) = queue.try_recv()
            {
                items.push(item);
            }
            for item in &items {
                self.metrics.wait.observe(item.queued_at.elapsed().as_secs_f64());
            }
            let (late, in_time): (Vec<_>, Vec<_>) =
                items.drain(..).partition(|item| item.queued_at.elapsed() > DEADLINE);
            self.answer_all(late, &Error::overloaded());
            let mut work = pin!(self.carry_out(in_time));
            if timeout(TURN, &mut work).await.is_err() {
                drop(turn);
                work.await;
            }
        }
    }

    /// Answers every item by the deadline.
    async fn carry_out(&self, items: Vec<Item>) {
        let deadline = Instant::now() + DEADLINE;
        let mut unknown = false;
        let mut batches = Vec::from_iter((!items.is_empty()).then_some(items));
        while let Some(mut batch) = batches.pop() {
            let failure = match self.call(&batch, deadline).await {
                Ok(outcomes) => {
                    for (item, outcome) in batch.into_iter().zip(outcomes) {
                        self.answer(item, outcome);
                    }
                    continue;
                }
                Err(failure) => failure,
            };
            match failure {
                Failure::Poisoned(cause) if batch.len() == 1 => {
                    let error = Error::from(cause);
                    self.answer_all(batch, &if unknown { error.after_unknown() } else { error });
                    continue;
                }
                Failure::Exhausted(cause) => {
                    self.metrics.failed("exhausted");
                    let error = Error::from(cause);
                    self.answer_all(batch, &if unknown { error.after_unknown() } else { error });
                    continue;
                }
                // Halves find the operation at fault, and let its neighbours through.
                Failure::Poisoned(_) => {
                    self.metrics.failed("poisoned");
                    let second = batch.split_off(batch.len() / 2);
                    batches.push(second);
                    batches.push(batch);
                }
                Failure::Lost(cause) => {
                    self.metrics.failed("lost");
                    warn!(bucket = self.bucket, "connection lost, sending again: {cause}");
                    unknown = true;
                    batches.push(batch);
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Failure::Retry(cause) | Failure::Standby(cause) => {
                    self.metrics.failed("retried");
                    warn!(bucket = self.bucket, "sending again: {cause}");
                    batches.push(batch);
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
            if Instant::now() >= deadline {
                let error = if unknown { Error::outcome_unknown() } else { Error::overloaded() };
                self.answer_all(batches.drain(..).flatten(), &error);
            }
        }
    }

    fn answer_all(&self, items: impl IntoIterator<Item = Item>, error: &Error) {
        for item in items {
            self.answer(item, Err(error.clone()));
        }
    }

    fn answer(&self, item: Item, answer: Answer) {
        self.metrics.answered(item.request.kind, item.request.rule.as_deref(), &answer);
        // A caller that has gone away can still ask by its key.
        let _gone = item.answer.send(answer);
    }

    async fn call(&self, batch: &[Item], deadline: Instant) -> Result<Vec<Answer>, Failure> {
        let limit = || CALL_TIMEOUT.min(deadline.saturating_duration_since(Instant::now()));
        let session = match timeout(limit(), self.sessions.take()).await {
            Ok(Ok(session)) => session,
            Ok(Err(error)) if error.code().and_then(error::exhausted).is_some() => {
                return Err(Failure::Exhausted(error));
            }
            Ok(Err(error)) => return Err(Failure::Retry(error::describe(&error))),
            Err(_) => return Err(Failure::Retry(NO_ANSWER.to_owned())),
        };
        let requests: Vec<&Request> = batch.iter().map(|item| &item.request).collect();
        let parameters: [&(dyn ToSql + Sync); 2] = [&self.bucket, &requests];
        self.metrics.batch.observe(batch.len() as f64);
        let timer = self.metrics.execute.start_timer();
        let query = session.client.query(&session.statement, &parameters);
        let call = timed(&session.statement, EXECUTE, &parameters, timeout(limit(), query));
        let result = match call.await {
            Ok(result) => result.map_err(classify),
            Err(_) => Err(Failure::Lost(NO_ANSWER.to_owned())),
        };
        timer.observe_duration();
        if !matches!(result, Err(Failure::Lost(_) | Failure::Standby(_))) {
            self.sessions.give_back(session);
        }
        if matches!(result, Err(Failure::Lost(_))) {
            self.tell(|| Hint::Bucket(self.bucket));
        }
        let rows = result?;
        let answers = rows.iter().map(Outcome::from_row).collect::<Result<Vec<_>, _>>();
        self.tell(|| changed(self.bucket, &rows, answers.as_deref().unwrap_or_default()));
        answers.map_err(Failure::Poisoned)
    }

    fn tell(&self, hint: impl FnOnce() -> Hint) {
        if let Some(feed) = &self.feed {
            feed.committed(&hint());
        }
    }
}

/// What a batch has changed. A refused operation may have booked what was due.
fn changed(bucket: i16, rows: &[Row], answers: &[Answer]) -> Hint {
    if answers.len() < rows.len() {
        return Hint::Bucket(bucket);
    }
    let mut accounts = Vec::with_capacity(rows.len());
    let mut made = false;
    for (row, answer) in rows.iter().zip(answers) {
        let refused: Option<Account>;
        let (account, entry) = match answer {
            Ok(outcome) => (&outcome.account, outcome.entry.as_ref()),
            Err(_) => {
                refused = row.try_get("account").ok().flatten();
                let Some(account) = &refused else { continue };
                (account, None)
            }
        };
        let told = entry.is_some() || answer.is_err();
        made |= account.version == 0 || entry.is_some_and(|entry| entry.seq == 1);
        accounts.push((account.id, told.then_some(account.version)));
    }
    Hint::Accounts { bucket, accounts, made }
}

fn classify(error: tokio_postgres::Error) -> Failure {
    let Some(code) = error.code() else {
        return Failure::Lost(error::describe(&error));
    };
    match code {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
            Failure::Retry(error::describe(&error))
        }
        &SqlState::READ_ONLY_SQL_TRANSACTION => Failure::Standby(error::describe(&error)),
        code if error::exhausted(code).is_some() => Failure::Exhausted(error),
        // Classes 08 and 57P: the connection or the server goes away.
        code if code.code().starts_with("08") || code.code().starts_with("57P") => {
            Failure::Lost(error::describe(&error))
        }
        _ => Failure::Poisoned(error),
    }
}

const EXECUTE: &str = "select * from api.execute($1, $2)";
