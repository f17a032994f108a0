//! What subscriptions are fed by: accounts are read again when something says that they have changed.
//!
//! A hint says which accounts have changed, the tables are the truth, and whoever follows an account does it in one loop:
//! join its topic first, then read, then take what is newer. A hint, another follower, an instant at which points become
//! available or expire, a listener that was cut off, and the look that is taken now and then all do the same: they mark
//! the topic, and it is read again. One read serves all who follow the account, and one statement reads many accounts.
//!
//! Hints come from this gateway's own lanes at once, from other gateways and from psql through [`channel`]. [`rows`] are
//! streams of what is only ever added; [`shared`] values are those of all members together.

mod channel;
mod pages;
mod rows;
mod shared;
mod topics;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_graphql::dataloader::DataLoader;
use deadpool_postgres::Pool;
use futures_util::{Stream, stream};
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};
use tracing::warn;

pub use rows::{PAGE, Row, rows};
pub use shared::Shared;
pub use topics::{Hint, Seen};

use crate::{
    account::{Account, AccountKey, bucket},
    database::Config,
    error::Error,
    metrics::FeedMetrics,
    reads::Reads,
};
use channel::Outgoing;
use topics::{Taken, Topics};

/// Statements that read accounts at a time.
const READERS: usize = 2;
/// Accounts in one statement.
const MAX_READ: usize = 256;
/// After a read that failed.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
/// Each account that is followed is read once in this time even without a hint, for one is lost if a gateway dies between
/// a commit and telling of it.
const LOOK: Duration = Duration::from_secs(20);
/// In so many portions.
const LOOKS: u32 = 40;
/// Seconds after which an account is read again even if it changes by itself later only.
const FAR: f64 = 86_400.0;

/// The feed of a gateway.
#[derive(Clone)]
pub struct Feed(Arc<Inner>);

struct Inner {
    buckets: usize,
    topics: Mutex<Topics>,
    /// Topics wait to be read.
    marked: Notify,
    /// Counts hints of any kind.
    beat: watch::Sender<u64>,
    /// For other gateways.
    outgoing: Outgoing,
    metrics: FeedMetrics,
    reads: DataLoader<Reads>,
}

impl Feed {
    /// Starts it on this database, which has so many buckets. The task is the channel to other gateways, which is to end
    /// before the database does.
    pub fn start(config: &Config, pool: Pool, buckets: u16) -> (Self, AbortHandle) {
        let feed = Feed(Arc::new(Inner {
            buckets: usize::from(buckets),
            topics: Mutex::default(),
            marked: Notify::new(),
            beat: watch::Sender::new(0),
            outgoing: Outgoing::default(),
            metrics: FeedMetrics::default(),
            reads: DataLoader::new(Reads::new(pool), tokio::spawn).delay(Duration::ZERO).max_batch_size(MAX_READ),
        }));
        for _ in 0..READERS {
            tokio::spawn(feed.clone().read());
        }
        tokio::spawn(feed.clone().look());
        let channel = tokio::spawn(channel::run(feed.clone(), config.clone()));
        (feed, channel.abort_handle())
    }

    /// Follows an account, which there need not be yet.
    pub fn follow(&self, key: AccountKey) -> Following {
        let bucket = bucket(&key.user_id, &key.wallet, self.0.buckets) as i16;
        let key = Arc::new(key);
        let (receiver, ticket) = self.topics().join(bucket, &key);
        self.0.marked.notify_one();
        Following { feed: self.clone(), key, receiver, ticket, asked: None }
    }

    /// Takes in what this gateway has committed, and tells the others.
    pub fn committed(&self, hint: &Hint) {
        self.0.outgoing.push(hint);
        self.take_in(hint);
    }

    fn take_in(&self, hint: &Hint) {
        if self.topics().apply(hint) {
            self.0.marked.notify_one();
        }
        self.0.beat.send_modify(|beat| *beat += 1);
    }

    /// What it has counted.
    pub fn metrics(&self) -> &FeedMetrics {
        &self.0.metrics
    }

    /// Accounts that somebody follows.
    pub fn followed(&self) -> usize {
        self.topics().count()
    }

    /// For what is followed without an account.
    pub fn reads(&self) -> &Reads {
        self.0.reads.loader()
    }

    fn topics(&self) -> MutexGuard<'_, Topics> {
        self.0.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is marked, for ever.
    async fn read(self) {
        loop {
            let taken = self.topics().take(MAX_READ);
            if taken.is_empty() {
                self.0.marked.notified().await;
                continue;
            }
            match self.find(&taken).await {
                Ok(found) => {
                    let mut topics = self.topics();
                    for (topic, seen) in taken.iter().zip(found) {
                        topics.publish(topic, seen);
                        self.0.metrics.lag.observe(topic.since.elapsed().as_secs_f64());
                    }
                }
                Err(error) => {
                    warn!("cannot read the accounts that are followed, and goes on trying: {}", error.message);
                    self.topics().put_back(&taken);
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn find(&self, taken: &[Taken]) -> Result<Vec<Seen>, Error> {
        let buckets: Vec<i16> = taken.iter().map(|topic| topic.bucket).collect();
        let users: Vec<&str> = taken.iter().map(|topic| topic.key.user_id.as_str()).collect();
        let wallets: Vec<&str> = taken.iter().map(|topic| topic.key.wallet.as_str()).collect();
        let rows = self.0.reads.loader().query(FOLLOWED, &[&buckets, &users, &wallets]).await?;
        let mut found = vec![Seen::default(); taken.len()];
        for row in rows {
            let seconds: Option<f64> = row.try_get("changes_in")?;
            found[row.try_get::<_, i64>("ord")? as usize - 1] = Seen {
                reads: 0,
                account: Some(Arc::new(row.try_get("account")?)),
                touched_version: row.try_get("touched_version")?,
                changes_at: seconds.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, FAR))),
            };
        }
        Ok(found)
    }

    /// Marks a portion of all topics at a time, for ever.
    async fn look(self) {
        let mut portion = 0;
        loop {
            sleep(LOOK / LOOKS).await;
            portion = (portion + 1) % LOOKS;
            if self.topics().mark_portion(portion, LOOKS) {
                self.0.marked.notify_one();
            }
        }
    }
}

/// Somebody who follows an account.
pub struct Following {
    feed: Feed,
    key: Arc<AccountKey>,
    receiver: watch::Receiver<Seen>,
    /// The first read that counts.
    ticket: u64,
    /// The instant for which a read was asked for.
    asked: Option<Instant>,
}

impl Following {
    /// What the next read has found, which may be the same as before; if several are over, the last one.
    pub async fn next(&mut self) -> Seen {
        loop {
            let seen = self.receiver.borrow_and_update().clone();
            if seen.reads >= self.ticket {
                self.ticket = seen.reads + 1;
                return seen;
            }
            let alarm = seen.changes_at.filter(|at| self.asked != Some(*at));
            tokio::select! {
                // The topic stays as long as it is followed, and with it the sender.
                _ = self.receiver.changed() => {}
                () = sleep_until(alarm.unwrap_or_else(Instant::now)), if alarm.is_some() => {
                    self.asked = alarm;
                    self.feed.topics().mark(&self.key);
                    self.feed.0.marked.notify_one();
                }
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.feed.topics().leave(&self.key);
    }
}

/// What subscribers of an account's balance are told: the account as it stands, unless they have seen this version of it,
/// and then each time that it has become another. None: there is no such account.
pub fn balances(following: Following, seen_version: Option<i64>) -> impl Stream<Item = Option<Account>> + Send {
    stream::unfold((following, Told::Nothing(seen_version)), |(mut following, mut told)| async move {
        loop {
            let seen = following.next().await;
            let known = match &told {
                Told::Nothing(version) => seen.is_known_at(*version),
                Told::This(account) => *account == seen.account,
            };
            told = Told::This(seen.account.clone());
            if !known {
                return Some((seen.account.as_deref().cloned(), (following, told)));
            }
        }
    })
}

enum Told {
    /// The subscriber says that it has seen this version.
    Nothing(Option<i64>),
    This(Option<Arc<Account>>),
}

const FOLLOWED: &str = "
    select k.ord, q.a as account, c.touched_version, extract(epoch from c.next_change_at - now())::float8 as changes_in
    from unnest($1::smallint[], $2::text[], $3::text[]) with ordinality k (bucket, user_id, wallet, ord)
    cross join lateral (
        select a, a.id from api.account a where a.bucket = k.bucket and a.user_id = k.user_id and a.wallet = k.wallet limit 1
    ) q
    cross join lateral (
        select * from api.account_clock c where c.bucket = k.bucket and c.account_id = q.id limit 1
    ) c";
