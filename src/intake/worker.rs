//! Carries out what is queued. Any number of gateways do; the database says who takes what.

use std::{sync::Arc, time::Duration};

use postgres_types::Json;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, Semaphore, SemaphorePermit, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_postgres::Row;
use tracing::warn;
use uuid::Uuid;

use super::{
    Intake,
    queue::{Fault, PIECE},
};
use crate::{
    error::Error,
    feed::{Feed, Hint},
    lanes::{Lanes, QUEUE},
    ledger::Request,
    operation::Outcome,
    sockets::stopped,
};

/// Pieces that are taken, carried out or answered for at a time.
const WORKERS: usize = 3;
/// Rows that are in the lanes at a time: should all of them be in one, half of it is left for whoever waits for an answer.
const PLACES: usize = QUEUE / 2;
/// How often it is looked for what other gateways have queued.
const PAUSE: Duration = Duration::from_millis(500);
/// After a failure.
const RECOVERY: Duration = Duration::from_secs(2);
/// How often an answer is sent; after that somebody else takes the piece.
const ATTEMPTS: u32 = 5;
/// How long a piece is still worked on once the gateway stops; then it is given back.
const LAST: Duration = Duration::from_secs(2);

const _: () = assert!(PIECE <= PLACES);

/// Those who carry out what is queued, as long as this is kept.
pub struct Workers {
    stopping: watch::Sender<bool>,
    working: JoinSet<()>,
}

impl Workers {
    /// Begins.
    pub fn start(intake: Intake, lanes: Lanes, feed: Feed) -> Self {
        let worker = Arc::new(Worker { intake, lanes, feed, taking: Mutex::new(()), places: Semaphore::new(PLACES) });
        let stopping = watch::Sender::new(false);
        let working = (0..WORKERS).map(|_| worker.clone().work(stopping.subscribe())).collect();
        Workers { stopping, working }
    }

    /// Takes nothing more, and ends what is begun, or gives it back, so that another gateway goes on with it at once.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        while let Some(ended) = self.working.join_next().await {
            if let Err(error) = ended {
                warn!("batches: a worker has ended early: {error}");
            }
        }
    }
}

struct Worker {
    intake: Intake,
    lanes: Lanes,
    feed: Feed,
    /// One looks; the others wait until it has found something.
    taking: Mutex<()>,
    places: Semaphore,
}

/// Rows that were taken, as the database says.
struct Piece {
    ticket: Uuid,
    no: i32,
    fence: i32,
    client_id: i32,
    numbers: Vec<i32>,
    rows: Vec<Value>,
}

impl Worker {
    async fn work(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        while let Some((piece, places)) = self.take(&mut stopping).await {
            let late = async {
                stopped(&mut stopping).await;
                sleep(LAST).await;
            };
            let answers = tokio::select! {
                answers = self.carry_out(&piece) => answers,
                // Whoever takes it next finds by the keys what is carried out by then.
                () = late => Vec::new(),
            };
            drop(places);
            self.put(&piece, &answers).await;
        }
    }

    /// What is next, with places for its rows: they are waited for before, since the time for a piece runs once it is taken.
    /// None: the gateway stops.
    async fn take(&self, stopping: &mut watch::Receiver<bool>) -> Option<(Piece, Option<SemaphorePermit<'_>>)> {
        let _alone = self.taking.lock().await;
        // Never closed.
        let mut places = self.places.acquire_many(PIECE as u32).await.ok();
        while !*stopping.borrow() {
            let taken = match self.intake.query("select * from api.take_rows()", &[]).await {
                Ok(rows) => rows.first().map(Piece::from_row).transpose().map_err(Fault::from),
                Err(fault) => Err(fault),
            };
            match taken {
                Ok(Some(piece)) => {
                    let needed = places.as_mut().and_then(|places| places.split(piece.rows.len().min(PIECE)));
                    return Some((piece, needed));
                }
                // Late is no failure: another gateway may have queued something.
                Ok(None) => tokio::select! {
                    _ = timeout(PAUSE, self.intake.ready()) => {}
                    () = stopped(stopping) => {}
                },
                Err(fault) => {
                    warn!("batches: cannot take rows: {}", fault.error.message);
                    sleep(RECOVERY).await;
                }
            }
        }
        None
    }

    /// Answers for the rows in their order.
    async fn carry_out(&self, piece: &Piece) -> Vec<Value> {
        let mut requests = Vec::with_capacity(piece.rows.len());
        let mut answers = Vec::with_capacity(piece.rows.len());
        let mut numbers = Vec::with_capacity(piece.rows.len());
        for (number, row) in piece.numbers.iter().zip(&piece.rows) {
            match serde_json::from_value::<Request>(row.clone()) {
                Ok(request) => {
                    requests.push(Request { client_id: piece.client_id, ..request });
                    numbers.push(*number);
                }
                Err(error) => {
                    let cause = format!("row {number} of batch {} cannot be read: {error}", piece.ticket);
                    answers.push(answer(*number, Err(Error::internal(&cause))));
                }
            }
        }
        let outcomes = self.lanes.execute_all(requests).await;
        answers.extend(numbers.into_iter().zip(outcomes).map(|(number, outcome)| answer(number, outcome)));
        answers
    }

    async fn put(&self, piece: &Piece, answers: &[Value]) {
        for attempt in 1..=ATTEMPTS {
            let put = "select api.put_rows($1, $2, $3, $4)";
            match self.intake.call(put, &[&piece.ticket, &piece.no, &piece.fence, &Json(answers)]).await {
                Ok(_) => {
                    // The next piece of the batch could not be taken before.
                    self.intake.wake();
                    // Whoever follows the batch reads it again.
                    self.feed.committed(&Hint::Catalogue);
                    return;
                }
                Err(fault) => {
                    warn!(ticket = %piece.ticket, attempt, "batches: cannot store answers: {}", fault.error.message);
                    sleep(RECOVERY).await;
                }
            }
        }
    }
}

impl Piece {
    fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Piece {
            ticket: row.try_get("ticket")?,
            no: row.try_get("no")?,
            fence: row.try_get("fence")?,
            client_id: row.try_get("client_id")?,
            numbers: row.try_get("numbers")?,
            rows: row.try_get::<_, Json<Vec<Value>>>("rows")?.0,
        })
    }
}

fn answer(number: i32, outcome: Result<Outcome, Error>) -> Value {
    match outcome {
        Ok(Outcome { operation, .. }) => {
            json!({ "number": number, "points": operation.points, "operation": operation.id.to_string() })
        }
        Err(error) => json!({
            "number": number, "code": error.code, "message": error.message, "retryable": error.retryable,
            "details": error.details.map(|details| details.0),
        }),
    }
}
