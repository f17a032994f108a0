//! Events of a queue of RabbitMQ.

use futures_util::StreamExt;
use lapin::{
    Connection, ConnectionProperties,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions},
    types::FieldTable,
    uri::AMQPUri,
};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

use super::{BYTES, ConsumeError, MESSAGES, PATIENCE, Store, pauses};
use crate::{config::ConsumeRabbitmq, intake::event};

pub async fn consume(options: &ConsumeRabbitmq, store: &Store) -> Result<(), ConsumeError> {
    // An error: there is one already, which does as well.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let url: AMQPUri = options
        .url
        .parse()
        .map_err(|error| ConsumeError::Broker(format!("cannot use the URL of RabbitMQ: {error}")))?;
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
    let mut consumer = consume.await?;
    info!(queue = options.queue, "events are read");
    loop {
        let mut deliveries: Vec<Delivery> = Vec::new();
        let Some(first) = consumer.next().await else {
            return Err(lapin::ErrorKind::InvalidConnectionState(lapin::ConnectionState::Closed).into());
        };
        let mut bytes = 0;
        let mut take = |delivery: Delivery| {
            bytes += delivery.data.len();
            deliveries.push(delivery);
            deliveries.len() < MESSAGES && bytes < BYTES
        };
        let mut more = take(first?);
        let until = Instant::now() + PATIENCE / 5;
        while more && let Ok(Some(delivery)) = timeout_at(until, consumer.next()).await {
            more = take(delivery?);
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
        for (delivery, aside) in deliveries.iter().zip(aside) {
            if aside {
                // It is among the failed rows of the batch, and goes where the queue sends dead letters.
                delivery.reject(BasicRejectOptions { requeue: false }).await?;
            } else {
                delivery.ack(BasicAckOptions::default()).await?;
            }
        }
        *stored += deliveries.len();
    }
}
