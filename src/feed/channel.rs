//! Hints between gateways, and from whoever else writes: PostgreSQL's channel `jifen`.
//!
//! Functions that are called by hand notify in their transaction. Lanes don't, as the lock that a notifying transaction
//! takes lasts until its commit is on disk: what they have changed is told here afterwards, and what many of them have
//! changed meanwhile by one statement. So a hint can be lost, with its gateway, which is why there is [`super::LOOK`].

use std::{
    future::poll_fn,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};
use tokio_postgres::{AsyncMessage, Notification};
use tracing::{info, warn};
use uuid::Uuid;

use super::{Feed, Hint};
use crate::database::{self, Config, Session, within};

/// PostgreSQL takes payloads of less than 8,000 bytes.
const MAX_PAYLOAD: usize = 7_900;
/// Payloads that may wait to be sent; more become one that says that anything may have changed.
const MAX_WAITING: usize = 256;
/// A call of ours must come back through the channel so often, or the connection is taken for lost.
const CALL: Duration = Duration::from_secs(5);
/// Before the channel is opened again.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Payloads for the other gateways.
#[derive(Default)]
pub struct Outgoing {
    payloads: Mutex<Vec<String>>,
    waiting: Notify,
}

impl Outgoing {
    pub fn push(&self, hint: &Hint) {
        let mut payloads = self.payloads.lock().unwrap_or_else(PoisonError::into_inner);
        if payloads.len() < MAX_WAITING {
            payloads.push(write(hint));
        } else {
            *payloads = vec![write(&Hint::Everything)];
        }
        self.waiting.notify_one();
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.payloads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Keeps the channel open, for ever.
pub async fn run(feed: Feed, config: Config) {
    let mut config = database::as_gateway(&config);
    // Hints need not be on disk.
    config.add_options("-c synchronous_commit=off");
    let mut pause = PAUSE;
    loop {
        let begun = Instant::now();
        let Err(cause) = listen(&feed, &config).await;
        warn!("the channel between gateways is lost and will be opened again: {cause}");
        pause = if begun.elapsed() > MAX_PAUSE { PAUSE } else { (pause * 2).min(MAX_PAUSE) };
        sleep(pause).await;
    }
}

/// Listens and tells until the connection is lost.
async fn listen(feed: &Feed, config: &Config) -> Result<std::convert::Infallible, String> {
    let (client, mut connection) = within(CALL, config.open()).await?;
    let (sender, mut received) = mpsc::unbounded_channel();
    // Ends with the client, and its end is the end of what is received.
    let driver = tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message
                && sender.send(notification).is_err()
            {
                break;
            }
        }
    });
    let client = Session::new(client, &driver);
    let own: i32 = within(CALL, client.query_one("select pg_backend_pid()", &[])).await?.get(0);
    within(CALL, client.batch_execute("listen jifen")).await?;
    let statement = within(CALL, client.prepare(TELL)).await?;
    let tell = async |payloads: Vec<String>| within(CALL, client.execute(&statement, &[&payloads])).await.map(|_| ());
    info!("the channel between gateways is open");
    // What was told meanwhile was not heard, and what this gateway has told may have been lost.
    feed.committed(&Hint::Everything);

    let call = format!("call {}", Uuid::new_v4().simple());
    let (mut called, mut heard) = (Instant::now(), true);
    loop {
        tokio::select! {
            notification = received.recv() => {
                let notification: Notification = notification.ok_or("the connection has ended")?;
                if notification.payload() == call {
                    heard = true;
                } else if notification.process_id() != own {
                    take_in(feed, notification.payload());
                }
            }
            () = feed.0.outgoing.waiting.notified() => tell(feed.0.outgoing.take()).await?,
            () = tokio::time::sleep_until(called + CALL) => {
                if !std::mem::replace(&mut heard, false) {
                    return Err("a call did not come back".to_owned());
                }
                called = Instant::now();
                tell(vec![call.clone()]).await?;
            }
        }
    }
}

fn take_in(feed: &Feed, payload: &str) {
    // Calls of other gateways.
    if payload.starts_with("call ") {
        return;
    }
    // A newer gateway may tell what this one can't read.
    feed.take_in(&read(payload).unwrap_or(Hint::Everything));
}

/// A hint as it travels: what `points.announce` writes, too.
fn write(hint: &Hint) -> String {
    match hint {
        Hint::Everything => "*".to_owned(),
        Hint::Catalogue => "catalogue".to_owned(),
        Hint::Bucket(bucket) => bucket.to_string(),
        Hint::Accounts { bucket, accounts, made } => {
            let parts = accounts.iter().map(|(id, version)| match version {
                Some(version) => format!("{id}:{version}"),
                None => id.to_string(),
            });
            let parts: Vec<String> = parts.chain(made.then(|| "+".to_owned())).collect();
            let text = format!("{bucket} {}", parts.join(","));
            if text.len() < MAX_PAYLOAD { text } else { bucket.to_string() }
        }
    }
}

fn read(payload: &str) -> Option<Hint> {
    match payload.split_once(' ') {
        None if payload == "*" => Some(Hint::Everything),
        None if payload == "catalogue" => Some(Hint::Catalogue),
        None => Some(Hint::Bucket(payload.parse().ok()?)),
        Some((bucket, parts)) => {
            let (mut accounts, mut made) = (Vec::new(), false);
            for part in parts.split(',') {
                match part.split_once(':') {
                    None if part == "+" => made = true,
                    None => accounts.push((part.parse().ok()?, None)),
                    Some((id, version)) => accounts.push((id.parse().ok()?, Some(version.parse().ok()?))),
                }
            }
            Some(Hint::Accounts { bucket: bucket.parse().ok()?, accounts, made })
        }
    }
}

const TELL: &str = "select count(pg_notify('jifen', p)) from unnest($1::text[]) p";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_reads_back_as_it_was_written() {
        for hint in [
            Hint::Everything,
            Hint::Catalogue,
            Hint::Bucket(7),
            Hint::Accounts { bucket: 3, accounts: vec![(12, Some(4)), (13, None)], made: true },
            Hint::Accounts { bucket: 3, accounts: vec![(12, Some(0))], made: false },
            Hint::Accounts { bucket: 3, accounts: vec![], made: true },
        ] {
            assert_eq!(read(&write(&hint)), Some(hint));
        }
        for unknown in ["", "x", "3 ", "3 x", "3 1:x", "3 1:2:3", "40000 1"] {
            assert_eq!(read(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_hint_too_long_for_a_payload_is_about_the_bucket() {
        let accounts = (0..512).map(|id| (i64::MAX - id, Some(i64::MAX))).collect();
        assert_eq!(write(&Hint::Accounts { bucket: 3, accounts, made: true }), "3");
    }
}
