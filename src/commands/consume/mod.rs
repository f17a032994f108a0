//! `jifen consume`: events of a broker become rows of batches. A message is acknowledged when its row is stored, so none is
//! lost; its id is the row's idempotency key, so one that comes again is carried out once.

#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;

use std::{io, ops::Range, time::Duration};

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
    intake::{Intake, Rows, event},
};

/// Messages that become one batch.
const MESSAGES: usize = 500;
/// Bytes of messages after which no more are waited for.
const BYTES: usize = 1 << 23;
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
    let intake = Intake::new(database::pool(config, 1)?);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let consuming = async {
        let store = Store { intake, client_id: client_id(config, &what.options().client).await?, label: what.label() };
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

/// The id of a client, however long the database is away.
async fn client_id(config: &Config, name: &str) -> Result<i32, ConsumeError> {
    let mut pauses = pauses();
    loop {
        let found = async {
            let client = database::connect(&database::as_gateway(config)).await?;
            client.query_opt("select id from api.client where name = $1", &[&name]).await
        };
        match found.await {
            Ok(row) => return Ok(row.ok_or_else(|| ConsumeError::UnknownClient(name.to_owned()))?.get(0)),
            Err(failure) if is_away(&failure) => {
                warn!("the database is away: {}; trying again", error::brief(&failure));
                sleep(pauses.next().unwrap_or_default()).await;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Whether a database that was not reached may be there later: there is no connection, no room, no start yet.
fn is_away(failure: &tokio_postgres::Error) -> bool {
    failure.code().is_none_or(|code| ["08", "53", "55", "57"].iter().any(|class| code.code().starts_with(class)))
}

/// What came of trying to store rows.
enum Stored {
    /// They are, and these of them, from 1, are set aside.
    Yes(Vec<i32>),
    /// They fail each time, for this reason.
    Never(String),
}

/// Where events go.
struct Store {
    intake: Intake,
    client_id: i32,
    label: String,
}

impl Store {
    /// Stores rows, however long the database is away or full. What keeps others from being stored is searched by halves and
    /// set aside. For each row whether it is set aside.
    async fn put(&self, rows: &[Value]) -> Result<Vec<bool>, ConsumeError> {
        let mut aside = vec![false; rows.len()];
        let mut left: Vec<Range<usize>> = std::iter::once(0..rows.len()).collect();
        let mut pauses = pauses();
        while let Some(range) = left.pop() {
            let reason = match self.submit(&rows[range.clone()]).await? {
                Stored::Yes(numbers) => {
                    let places = numbers.iter().filter_map(|number| usize::try_from(number - 1).ok());
                    places.filter_map(|place| range.start.checked_add(place)).for_each(|place| aside[place] = true);
                    continue;
                }
                Stored::Never(reason) => reason,
            };
            if range.len() > 1 {
                let middle = range.start + range.len() / 2;
                left.extend([middle..range.end, range.start..middle]);
                continue;
            }
            let key = rows[range.start]["idempotency_key"].as_str();
            match self.submit(&[event::at_fault(key, &reason)]).await? {
                Stored::Yes(_) => aside[range.start] = true,
                // It is not the row.
                Stored::Never(_) => {
                    sleep(pauses.next().unwrap_or_default()).await;
                    left.push(range);
                }
            }
        }
        Ok(aside)
    }

    async fn submit(&self, rows: &[Value]) -> Result<Stored, ConsumeError> {
        let mut written = Rows::default();
        rows.iter().for_each(|row| written.add(row));
        // The same each time: if it was stored and the answer was lost, it is found.
        let (key, fingerprint) = (Uuid::new_v4().to_string(), written.fingerprint());
        let mut failed = false;
        let mut pauses = pauses();
        loop {
            let put = self.intake.submit_rows(self.client_id, &key, Some(&self.label), rows, &fingerprint, true).await;
            match put {
                Ok(queued) => {
                    info!(ticket = %queued.ticket, rows = rows.len(), "events queued");
                    return Ok(Stored::Yes(queued.set_aside));
                }
                Err(fault) if fault.error.code == "INTERNAL" && failed => {
                    let trace = fault.error.details.as_ref().and_then(|details| details["trace"].as_str());
                    let trace = trace.unwrap_or_default();
                    return Ok(Stored::Never(format!(
                        "could not be stored: the log says why under the trace id {trace}"
                    )));
                }
                Err(fault) if fault.error.retryable || fault.error.code == "INTERNAL" => {
                    failed = fault.error.code == "INTERNAL";
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
