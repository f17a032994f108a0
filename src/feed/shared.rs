//! Values of all members together, for those who look at them: read again after hints, at most so often.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, future::BoxFuture, stream};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use tracing::warn;

use super::{Feed, LOOK, PAUSE};
use crate::{error::Error, reads::Reads};

/// A value, and in how many seconds it changes by itself.
pub type Found<V> = Result<(V, Option<f64>), Error>;

/// Values of one kind by their keys, each read for all its followers at once.
pub struct Shared<K, V> {
    feed: Feed,
    read: for<'a> fn(&'a Reads, &'a K) -> BoxFuture<'a, Found<V>>,
    values: Mutex<HashMap<K, watch::Sender<Option<V>>>>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static, V: Clone + PartialEq + Send + Sync + 'static> Shared<K, V> {
    /// Values that are read so.
    pub fn new(feed: &Feed, read: for<'a> fn(&'a Reads, &'a K) -> BoxFuture<'a, Found<V>>) -> Arc<Self> {
        Arc::new(Shared { feed: feed.clone(), read, values: Mutex::default() })
    }

    /// The value, at most 200 ms old, and then each other one that it becomes.
    pub fn follow(self: &Arc<Self>, key: K) -> impl Stream<Item = V> + Send + use<K, V> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let mut receiver = match values.entry(key) {
            Entry::Occupied(entry) => entry.get().subscribe(),
            Entry::Vacant(entry) => {
                let key = entry.key().clone();
                let sender = entry.insert(watch::Sender::new(None));
                tokio::spawn(self.clone().keep(key, sender.clone()));
                sender.subscribe()
            }
        };
        receiver.mark_changed();
        stream::unfold(receiver, |mut receiver| async move {
            loop {
                receiver.changed().await.ok()?;
                let value = receiver.borrow_and_update().clone();
                if let Some(value) = value {
                    return Some((value, receiver));
                }
            }
        })
    }

    /// Keeps a value up to date as long as somebody follows it.
    async fn keep(self: Arc<Self>, key: K, sender: watch::Sender<Option<V>>) {
        let mut beat = self.feed.0.beat.subscribe();
        loop {
            beat.mark_unchanged();
            let mut again = LOOK;
            match (self.read)(self.feed.0.reads.loader(), &key).await {
                Ok((value, changes_in)) => {
                    sender.send_if_modified(|known| {
                        let changed = known.as_ref() != Some(&value);
                        if changed {
                            *known = Some(value);
                        }
                        changed
                    });
                    if let Some(seconds) = changes_in {
                        again = again.min(Duration::from_secs_f64(seconds.max(0.0)));
                    }
                }
                Err(error) => {
                    warn!("cannot read what is followed, and goes on trying: {}", error.message);
                    again = PAUSE;
                }
            }
            let again = Instant::now() + again;
            // Many changes a second are one for whoever looks.
            sleep(PAUSE).await;
            tokio::select! {
                () = sender.closed() => {}
                // The feed has the sender.
                _ = beat.changed() => {}
                () = sleep_until(again) => {}
            }
            let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
            if sender.receiver_count() == 0 {
                values.remove(&key);
                return;
            }
        }
    }
}
