//! Sends events to their receivers. What is due, in which order, and what comes of a failure is decided in the database;
//! any number of gateways may send at once, since each claims what it sends.

use std::{convert::Infallible, error::Error as _, net::IpAddr, sync::Arc, time::Duration};

use reqwest::{Client as Http, Url, header::CONTENT_TYPE, redirect::Policy};
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};
use tokio_postgres::{Client, Row, types::ToSql};
use tracing::{debug, error, warn};

use super::address::{PublicOnly, is_public};
use crate::{
    database::{self, CALL_TIMEOUT, Config, within},
    reads::column,
};

/// How often to look for what is due, while nothing else happens.
const PAUSE: Duration = Duration::from_millis(500);
const RECONNECT_PAUSE: Duration = Duration::from_secs(2);
/// How long a receiver may take to answer; what is claimed is claimed for 30 s.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of an answer no more is read, and none of it is needed: a short one read to its end keeps the connection open.
const MAX_ANSWER: usize = 4096;
/// Connections kept open to a receiver: as many as are sent at a time.
const IDLE_CONNECTIONS: usize = 20;
/// Reports that may wait.
const QUEUE: usize = 1024;
/// Reports of one call.
const MAX_REPORTS: usize = 256;

/// What came of a delivery.
struct Report {
    bucket: i16,
    event: i64,
    webhook: i32,
    attempt: i32,
    status: Option<i32>,
    failure: Option<String>,
}

/// One client for each kind of address, so that no connection made for one is used for the other.
struct Clients {
    public: Http,
    any: Http,
}

/// Sends what is due, for ever.
pub async fn run(config: Config) {
    let config = database::as_gateway(&config);
    let clients = match Clients::new() {
        Ok(clients) => Arc::new(clients),
        Err(failure) => {
            error!("webhooks are not sent by this gateway: {failure}: {:?}", failure.source());
            return;
        }
    };
    let (sender, mut reports) = channel(QUEUE);
    // Those that could not be put yet.
    let mut done = Vec::new();
    loop {
        let Err(failure) = send(&config, &clients, &sender, &mut reports, &mut done).await;
        warn!("webhooks: {failure}; connecting again");
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn send(
    config: &Config,
    clients: &Arc<Clients>,
    sender: &Sender<Report>,
    reports: &mut Receiver<Report>,
    done: &mut Vec<Report>,
) -> Result<Infallible, String> {
    let database = within(CALL_TIMEOUT, database::session(config)).await?;
    loop {
        if !done.is_empty() {
            put(&database, done).await?;
            done.clear();
        }
        // Nothing is prepared for longer: a migration may change these functions meanwhile.
        let claimed = within(CALL_TIMEOUT, database.query("select * from api.take_deliveries()", &[])).await?;
        for row in &claimed {
            let (delivery, clients, sender) = (Delivery::from(row), clients.clone(), sender.clone());
            tokio::spawn(async move {
                // Without a receiver the gateway has ended.
                let _ended = sender.send(clients.deliver(delivery).await).await;
            });
        }
        // Late is no failure: there is nothing to report, and something may be due.
        let _late = timeout(PAUSE, reports.recv_many(done, MAX_REPORTS)).await;
    }
}

async fn put(database: &Client, reports: &[Report]) -> Result<(), String> {
    let buckets = column(reports, |report| report.bucket);
    let events = column(reports, |report| report.event);
    let webhooks = column(reports, |report| report.webhook);
    let attempts = column(reports, |report| report.attempt);
    let statuses = column(reports, |report| report.status);
    let failures = column(reports, |report| report.failure.as_deref());
    let put = "select api.put_deliveries($1, $2, $3, $4, $5, $6)";
    let parameters: [&(dyn ToSql + Sync); 6] = [&buckets, &events, &webhooks, &attempts, &statuses, &failures];
    within(CALL_TIMEOUT, database.execute(put, &parameters)).await?;
    Ok(())
}

/// An event to be sent, as the database says.
struct Delivery {
    bucket: i16,
    event: i64,
    webhook: i32,
    attempt: i32,
    url: String,
    to_private: bool,
    id: String,
    sent_at: i64,
    signature: String,
    body: String,
}

impl From<&Row> for Delivery {
    fn from(row: &Row) -> Self {
        Delivery {
            bucket: row.get("bucket"),
            event: row.get("event"),
            webhook: row.get("webhook"),
            attempt: row.get("attempt"),
            url: row.get("url"),
            to_private: row.get("to_private"),
            id: row.get("id"),
            sent_at: row.get("sent_at"),
            signature: row.get("signature"),
            body: row.get("body"),
        }
    }
}

impl Clients {
    fn new() -> Result<Self, reqwest::Error> {
        // An error: there is one already, which does as well.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        // A proxy of the environment would connect where it likes.
        let builder = || {
            Http::builder()
                .no_proxy()
                .redirect(Policy::none())
                .timeout(PATIENCE)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .user_agent(concat!("jifen/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Clients { public: builder().dns_resolver(Arc::new(PublicOnly)).build()?, any: builder().build()? })
    }

    async fn deliver(&self, delivery: Delivery) -> Report {
        let (bucket, event, webhook, attempt) = (delivery.bucket, delivery.event, delivery.webhook, delivery.attempt);
        let id = delivery.id.clone();
        let (status, failure) = match self.post(delivery).await {
            Ok(status) if (200..300).contains(&status) => (Some(status), None),
            Ok(status) => (Some(status), Some(format!("it answered {status}"))),
            Err(failure) => (None, Some(failure)),
        };
        match &failure {
            Some(failure) => debug!(webhook, id, attempt, "not delivered: {failure}"),
            None => debug!(webhook, id, attempt, "delivered"),
        }
        Report { bucket, event, webhook, attempt, status, failure }
    }

    async fn post(&self, delivery: Delivery) -> Result<i32, String> {
        let url = Url::parse(&delivery.url).map_err(|error| format!("the URL cannot be read: {error}"))?;
        let client = if delivery.to_private { &self.any } else { &self.public };
        // An address in place of a name is not resolved.
        let literal = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        if !delivery.to_private && literal.is_some_and(|address| !is_public(address)) {
            return Err("it is at a private address".to_owned());
        }
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", delivery.id)
            .header("webhook-timestamp", delivery.sent_at)
            .header("webhook-signature", delivery.signature)
            .body(delivery.body);
        let mut response = request.send().await.map_err(|error| explain(&error))?;
        let status = i32::from(response.status().as_u16());
        let mut read = 0;
        // It has answered; what becomes of the rest changes nothing.
        while read < MAX_ANSWER
            && let Ok(Some(bytes)) = response.chunk().await
        {
            read += bytes.len();
        }
        Ok(status)
    }
}

/// What went wrong, in one line; the URL stands elsewhere.
fn explain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it did not answer within {} s", PATIENCE.as_secs());
    }
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    match causes.last() {
        Some(cause) => format!("it cannot be reached: {cause}"),
        None => "it cannot be reached".to_owned(),
    }
}
