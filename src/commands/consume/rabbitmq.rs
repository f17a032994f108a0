//! Events of a queue of RabbitMQ.

use std::{io, time::Duration};

use futures_util::StreamExt;
use lapin::{
    Connection, ConnectionProperties, ConnectionState, Consumer, ErrorKind,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions},
    types::FieldTable,
    uri::AMQPUri,
};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{info, warn};

use super::{BYTES, ConsumeError, MESSAGES, PATIENCE, Store, pauses};
use crate::{config::ConsumeRabbitmq, intake::event};

/// What the broker may take to open a session or to take acknowledgements: of a connection that is lost in between, its
/// client tells nobody.
const DEADLINE: Duration = Duration::from_secs(10);
/// Seconds between signs of life, where the URL has none: a broker that shows none for two of them is gone.
const HEARTBEAT: u16 = 10;

pub async fn consume(options: &ConsumeRabbitmq, store: &Store) -> Result<(), ConsumeError> {
    // An error: there is one already, which does as well.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut url: AMQPUri = options
        .url
        .parse()
        .map_err(|error| ConsumeError::Broker(format!("cannot use the URL of RabbitMQ: {error}")))?;
    url.query.heartbeat.get_or_insert(HEARTBEAT);
    let mut waits = pauses();
    loop {
        let mut stored = 0;
        match session(&url, options, store, &mut stored).await {
            Ok(stopped) => return stopped,
            Err(failure) => warn!("RabbitMQ: {failure}; connecting again"),
        }
        if stored > 0 {
            waits = pauses();
        }
        sleep(waits.next().unwrap_or_default()).await;
    }
}

/// Takes messages until the connection is lost.
async fn session(
    url: &AMQPUri,
    options: &ConsumeRabbitmq,
    store: &Store,
    stored: &mut usize,
) -> Result<Result<(), ConsumeError>, lapin::Error> {
    let (connection, mut consumer) = in_time(open(url, options)).await?;
    info!(queue = options.queue, "events are read");
    loop {
        let mut deliveries: Vec<Delivery> = Vec::new();
        let first = loop {
            match timeout(DEADLINE, consumer.next()).await {
                Ok(Some(first)) => break first,
                Err(_) if connection.status().connected() => {}
                Ok(None) | Err(_) => return Err(closed()),
            }
        };
        let mut bytes = 0;
        let mut take = |delivery: Delivery| {
            bytes += delivery.data.len();
            deliveries.push(delivery);
            deliveries.len() < MESSAGES && bytes < BYTES
        };
        let (mut more, mut ended) = (take(first?), false);
        let until = Instant::now() + PATIENCE / 5;
        while more && let Ok(next) = timeout_at(until, consumer.next()).await {
            match next {
                Some(delivery) => more = take(delivery?),
                // It says so only once.
                None => (more, ended) = (false, true),
            }
        }
        let row = |delivery: &Delivery| {
            let id = delivery.properties.message_id().as_ref().map(ToString::to_string);
            event::row(&delivery.data, id.as_deref())
        };
        let rows: Vec<_> = deliveries.iter().map(row).collect();
        let aside = match store.put(&rows).await {
            Ok(aside) => aside,
            Err(error) => return Ok(Err(error)),
        };
        in_time(async {
            for (delivery, aside) in deliveries.iter().zip(aside) {
                if aside {
                    // It is among the failed rows of the batch, and goes where the queue sends dead letters.
                    delivery.reject(BasicRejectOptions { requeue: false }).await?;
                } else {
                    delivery.ack(BasicAckOptions::default()).await?;
                }
            }
            Ok(())
        })
        .await?;
        *stored += deliveries.len();
        if ended {
            return Err(closed());
        }
    }
}

fn closed() -> lapin::Error {
    ErrorKind::InvalidConnectionState(ConnectionState::Closed).into()
}

async fn open(url: &AMQPUri, options: &ConsumeRabbitmq) -> Result<(Connection, Consumer), lapin::Error> {
    let properties = ConnectionProperties::default().with_connection_name("jifen".into());
    let connection = Connection::connect_uri(url.clone(), properties).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(MESSAGES as u16, BasicQosOptions::default()).await?;
    let consume = channel.basic_consume(
        options.queue.as_str().into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let consumer = consume.await?;
    Ok((connection, consumer))
}

async fn in_time<T>(work: impl Future<Output = Result<T, lapin::Error>>) -> Result<T, lapin::Error> {
    timeout(DEADLINE, work).await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}
