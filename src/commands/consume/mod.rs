//! `jifen consume`: events of a broker become rows of batches. A message is acknowledged when its row is stored, so none is
//! lost; its id is the row's idempotency key, so one that comes again is carried out once.

#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;

use std::{io, time::Duration};

use serde_json::Value;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::sleep,
};

use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    config::Consume,
    database::{self, Config},
    error::{self, Error},
    intake::{Intake, Rows},
};

/// Messages that become one batch.
const MESSAGES: usize = 500;
/// How long it is waited for more of them.
const PATIENCE: Duration = Duration::from_millis(500);
/// Before the broker or the database is tried again: longer each time, up to the last.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15)];

/// Why a consumer stopped.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// There is no connection.
    #[error(transparent)]
    Unreachable(#[from] database::Unreachable),
    /// PostgreSQL refused something.
    #[error("{}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The pool could not be made.
    #[error("cannot make the connection pool: {0}")]
    Pool(#[from] deadpool_postgres::BuildError),
    /// There is no such client.
    #[error("no client named {0}; `jifen key create` makes one")]
    UnknownClient(String),
    /// The client may not do it.
    #[error("events are not taken: {}", .0.message)]
    Refused(Error),
    /// Whatever the broker says that will not be otherwise later.
    #[error("{0}")]
    Broker(String),
    /// Stopping it would not work.
    #[error("cannot listen for signals: {0}")]
    Signals(#[from] io::Error),
}

/// Reads events until somebody stops it.
pub async fn consume(config: &Config, what: &Consume) -> Result<(), ConsumeError> {
    let name = &what.options().client;
    let client = database::open(&database::as_gateway(config)).await?;
    let row = client.query_opt("select id from api.client where name = $1", &[name]).await?;
    let client_id = row.ok_or_else(|| ConsumeError::UnknownClient(name.clone()))?.get(0);
    drop(client);
    let intake = Intake::new(database::pool(config, 1)?);
    let store = Store { intake, client_id, label: what.label() };
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let consuming = async {
        match what {
            #[cfg(feature = "nats")]
            Consume::Nats(options) => nats::consume(options, &store).await,
            #[cfg(feature = "rabbitmq")]
            Consume::Rabbitmq(options) => rabbitmq::consume(options, &store).await,
        }
    };
    // What was taken and not acknowledged comes again.
    tokio::select! {
        result = consuming => result,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

/// Where events go.
struct Store {
    intake: Intake,
    client_id: i32,
    label: String,
}

impl Store {
    /// Stores rows, however long the database is away or full.
    async fn put(&self, rows: &[Value]) -> Result<(), ConsumeError> {
        let mut written = Rows::default();
        rows.iter().for_each(|row| written.add(row));
        // The same each time: if it was stored and the answer was lost, it is found.
        let (key, fingerprint) = (Uuid::new_v4().to_string(), written.fingerprint());
        let mut pauses = pauses();
        loop {
            let put = self.intake.submit_rows(self.client_id, &key, Some(&self.label), rows, &fingerprint, true).await;
            match put {
                Ok(queued) => {
                    info!(ticket = %queued.ticket, rows = rows.len(), "events queued");
                    return Ok(());
                }
                Err(fault) if fault.error.retryable || fault.error.code == "INTERNAL" => {
                    warn!("events wait: {}", fault.error.message);
                    sleep(pauses.next().unwrap_or_default()).await;
                }
                Err(fault) => return Err(ConsumeError::Refused(fault.error)),
            }
        }
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    PAUSES.into_iter().chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]))
}

/// Whether a row says that its message could not be understood.
fn is_poisoned(row: &Value) -> bool {
    row.get("fault").is_some()
}
