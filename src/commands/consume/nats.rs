//! Events of a stream of NATS JetStream, by a durable consumer.

use std::time::Duration;

use async_nats::{
    Client, ConnectOptions,
    header::NATS_MESSAGE_ID,
    jetstream::{
        self, AckKind, Message,
        consumer::{AckPolicy, PullConsumer, pull},
    },
};
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::{BYTES, ConsumeError, MESSAGES, PATIENCE, Store, pauses};
use crate::{config::ConsumeNats, intake::event};

/// A message that is not acknowledged within this comes again.
const ACK_WAIT: Duration = Duration::from_secs(60);

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub async fn consume(options: &ConsumeNats, store: &Store) -> Result<(), ConsumeError> {
    // An error: there is one already, which does as well.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let mut connect = ConnectOptions::new().name("jifen").retry_on_initial_connect();
    if let Some(path) = &options.credentials {
        let read = connect.credentials_file(path).await;
        connect = read.map_err(|error| ConsumeError::Broker(format!("cannot read {}: {error}", path.display())))?;
    }
    let client = connect.connect(options.url.as_str()).await;
    let client = client.map_err(|error| ConsumeError::Broker(format!("cannot use the URL of NATS: {error}")))?;
    let mut waits = pauses();
    loop {
        // The client connects again by itself; the consumer is looked up anew.
        match consumer(&client, options).await {
            Ok((consumer, place)) => {
                info!(stream = options.stream, consumer = options.consumer, "events are read");
                waits = pauses();
                loop {
                    match take(&consumer, &place, &client, store).await {
                        Ok(stored) => stored?,
                        Err(failure) => {
                            warn!("NATS: {failure}; trying again");
                            break;
                        }
                    }
                }
            }
            Err(failure) => warn!("NATS: {failure}; trying again"),
        }
        sleep(waits.next().unwrap_or_default()).await;
    }
}

/// The consumer, and what names the stream: one that is made anew under the same name counts from 1 again.
async fn consumer(client: &Client, options: &ConsumeNats) -> Result<(PullConsumer, String), Failure> {
    let mut context = jetstream::new(client.clone());
    context.set_timeout(Duration::from_secs(5));
    let stream = context.get_stream(&options.stream).await?;
    let config = pull::Config {
        durable_name: Some(options.consumer.clone()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        filter_subject: options.subject.clone().unwrap_or_default(),
        ..Default::default()
    };
    let place = format!("{}:{}", options.stream, stream.cached_info().created.unix_timestamp_nanos() / 1000);
    Ok((stream.get_or_create_consumer(&options.consumer, config).await?, place))
}

/// Stores the messages that are there, and then acknowledges them.
async fn take(
    consumer: &PullConsumer,
    place: &str,
    client: &Client,
    store: &Store,
) -> Result<Result<(), ConsumeError>, Failure> {
    // One message fits in any case, or it would never come.
    let bytes = BYTES.max(2 * client.server_info().max_payload);
    let batch = consumer.batch().max_messages(MESSAGES).max_bytes(bytes).expires(PATIENCE).messages().await?;
    let mut messages: Vec<Message> = Vec::new();
    let mut batch = std::pin::pin!(batch);
    // The broker ends it in time, unless it is gone.
    while let Ok(Some(message)) = timeout(PATIENCE * 4, batch.next()).await {
        match message {
            Ok(message) => messages.push(message),
            // The next one is too many bytes, say.
            Err(_) if !messages.is_empty() => break,
            Err(failure) => return Err(failure),
        }
    }
    if messages.is_empty() {
        return Ok(Ok(()));
    }
    let mut rows = Vec::with_capacity(messages.len());
    for message in &messages {
        rows.push(event::row(&message.payload, Some(&id(message, place)?)));
    }
    let aside = match store.put(&rows).await {
        Ok(aside) => aside,
        Err(error) => return Ok(Err(error)),
    };
    for (message, aside) in messages.iter().zip(aside) {
        // One that is set aside is among the failed rows of the batch.
        let kind = if aside { AckKind::Term } else { AckKind::Ack };
        message.ack_with(kind).await?;
    }
    client.flush().await?;
    Ok(Ok(()))
}

/// The id that the publisher gave it, or its place in the stream.
fn id(message: &Message, place: &str) -> Result<String, Failure> {
    match message.headers.as_ref().and_then(|headers| headers.get(NATS_MESSAGE_ID)) {
        Some(id) => Ok(id.to_string()),
        None => Ok(format!("{place}:{}", message.info()?.stream_sequence)),
    }
}
