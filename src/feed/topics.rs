//! Which accounts are followed, what was read of them last, and what is to be read again.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use tokio::{sync::watch, time::Instant};

use crate::account::{Account, AccountKey};

/// What may have changed. The accounts are of one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// These accounts, to the version that is named, or without an entry.
    Accounts {
        /// Their bucket.
        bucket: i16,
        /// Their ids.
        accounts: Vec<(i64, Option<i64>)>,
        /// Accounts were made, whose ids nobody knows who follows them.
        made: bool,
    },
    /// Any account of the bucket.
    Bucket(i16),
    /// What operators keep.
    Catalogue,
    /// Anything.
    Everything,
}

/// What a read has found.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Reads of this topic so far, this one included.
    pub reads: u64,
    /// None: there is none.
    pub account: Option<Arc<Account>>,
    /// Whoever saw the account at this version may have seen it as it no longer is.
    pub touched_version: Option<i64>,
    /// The account does not change by itself before.
    pub changes_at: Option<Instant>,
}

impl Seen {
    fn version(&self) -> i64 {
        self.account.as_ref().map_or(-1, |account| account.version)
    }

    /// Whether one who saw the account at this version has seen it as it is.
    pub fn is_known_at(&self, version: Option<i64>) -> bool {
        let Some((account, version)) = self.account.as_ref().zip(version) else { return false };
        account.version == version && self.touched_version.is_none_or(|touched| touched < version)
    }
}

/// All topics of a gateway.
#[derive(Default)]
pub struct Topics {
    topics: HashMap<Arc<AccountKey>, Topic>,
    keys: HashMap<(i16, i64), Arc<AccountKey>>,
    /// Those of whose accounts no id is known, by bucket.
    nameless: HashMap<i16, HashSet<Arc<AccountKey>>>,
    marked: VecDeque<Arc<AccountKey>>,
    made: u64,
}

/// A topic that is being read.
pub struct Taken {
    pub key: Arc<AccountKey>,
    pub bucket: i16,
    /// When it was marked.
    pub since: Instant,
    number: u64,
}

struct Topic {
    /// Tells it from another of the same account, before or after it.
    number: u64,
    bucket: i16,
    id: Option<i64>,
    seen: watch::Sender<Seen>,
    followers: usize,
    state: State,
    /// When it was last said to have changed, if it is not read since.
    since: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Marked,
    Reading,
    /// Being read, and to be read again unless this read comes to the version.
    Outdated(i64),
}

impl Topics {
    /// Adds a follower; what is read, and the first read that begins after this.
    pub fn join(&mut self, bucket: i16, key: &Arc<AccountKey>) -> (watch::Receiver<Seen>, u64) {
        let topic = self.topics.entry(key.clone()).or_insert_with(|| {
            self.nameless.entry(bucket).or_default().insert(key.clone());
            self.made += 1;
            Topic {
                number: self.made,
                bucket,
                id: None,
                seen: watch::Sender::default(),
                followers: 0,
                state: State::Idle,
                since: Instant::now(),
            }
        });
        topic.followers += 1;
        let receiver = topic.seen.subscribe();
        (receiver, self.mark(key))
    }

    /// Takes a follower away.
    pub fn leave(&mut self, key: &Arc<AccountKey>) {
        let Some(topic) = self.topics.get_mut(key) else { return };
        topic.followers -= 1;
        if topic.followers == 0 {
            let (bucket, id) = (topic.bucket, topic.id);
            self.topics.remove(key);
            self.rename(key, bucket, id, None);
            if let Some(nameless) = self.nameless.get_mut(&bucket) {
                nameless.remove(key);
            }
        }
    }

    /// Has a topic read again; the number of the first read that begins after this.
    pub fn mark(&mut self, key: &Arc<AccountKey>) -> u64 {
        let Some(topic) = self.topics.get_mut(key) else { return 0 };
        let reading = matches!(topic.state, State::Reading | State::Outdated(_));
        if topic.outdate(i64::MAX) {
            self.marked.push_back(key.clone());
        }
        topic.seen.borrow().reads + if reading { 2 } else { 1 }
    }

    /// Marks what a hint is about; whether anything is to be read.
    pub fn apply(&mut self, hint: &Hint) -> bool {
        match hint {
            Hint::Accounts { bucket, accounts, made } => {
                for (id, version) in accounts {
                    let Some(key) = self.keys.get(&(*bucket, *id)) else { continue };
                    if let Some(topic) = self.topics.get_mut(key)
                        && topic.outdate(version.unwrap_or(i64::MAX))
                    {
                        self.marked.push_back(key.clone());
                    }
                }
                // One that is being read for the first time may be any of these, and read as it was before.
                for key in self.nameless.get(bucket).into_iter().flatten() {
                    if let Some(topic) = self.topics.get_mut(key)
                        && (*made || topic.state != State::Idle)
                        && topic.outdate(i64::MAX)
                    {
                        self.marked.push_back(key.clone());
                    }
                }
            }
            Hint::Bucket(bucket) => self.mark_if(|_, topic| topic.bucket == *bucket),
            Hint::Catalogue => {}
            Hint::Everything => self.mark_if(|_, _| true),
        }
        !self.marked.is_empty()
    }

    /// Marks one of so many portions of all topics; whether anything is to be read.
    pub fn mark_portion(&mut self, portion: u32, portions: u32) -> bool {
        self.mark_if(|key, _| {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            hasher.finish() % u64::from(portions) == u64::from(portion)
        });
        !self.marked.is_empty()
    }

    fn mark_if(&mut self, condition: impl Fn(&AccountKey, &Topic) -> bool) {
        for (key, topic) in &mut self.topics {
            if condition(key, topic) && topic.outdate(i64::MAX) {
                self.marked.push_back(key.clone());
            }
        }
    }

    /// How many are followed.
    pub fn count(&self) -> usize {
        self.topics.len()
    }

    /// Topics to read now.
    pub fn take(&mut self, most: usize) -> Vec<Taken> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(key) = self.marked.pop_front()
        {
            // Nobody may follow it any more; and then somebody again, for whom it was marked once more.
            if let Some(topic) = self.topics.get_mut(&key).filter(|topic| topic.state == State::Marked) {
                topic.state = State::Reading;
                taken.push(Taken { bucket: topic.bucket, since: topic.since, number: topic.number, key });
            }
        }
        taken
    }

    /// Topics that could not be read.
    pub fn put_back(&mut self, taken: &[Taken]) {
        for Taken { key, number, .. } in taken {
            if let Some(topic) = self.topics.get_mut(key).filter(|topic| topic.number == *number) {
                topic.state = State::Marked;
                self.marked.push_back(key.clone());
            }
        }
    }

    /// Tells the followers what a read has found.
    pub fn publish(&mut self, Taken { key, number, .. }: &Taken, found: Seen) {
        let Some(topic) = self.topics.get_mut(key).filter(|topic| topic.number == *number) else { return };
        let version = found.version();
        let id = found.account.as_ref().map(|account| account.id);
        topic.seen.send_modify(|seen| {
            let reads = seen.reads + 1;
            // A server that was promoted too early may be behind; what was shown stays until it has caught up.
            if seen.account.as_ref().map(|account| account.id) != id || seen.version() <= version {
                *seen = found;
            }
            seen.reads = reads;
        });
        let outdated = matches!(topic.state, State::Outdated(wanted) if wanted > version);
        topic.state = if outdated { State::Marked } else { State::Idle };
        if outdated {
            self.marked.push_back(key.clone());
        }
        let (bucket, old) = (topic.bucket, std::mem::replace(&mut topic.id, id));
        self.rename(key, bucket, old, id);
    }

    fn rename(&mut self, key: &Arc<AccountKey>, bucket: i16, old: Option<i64>, new: Option<i64>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.keys.remove(&(bucket, old));
        }
        let nameless = self.nameless.entry(bucket).or_default();
        match new {
            Some(new) => {
                nameless.remove(key);
                self.keys.insert((bucket, new), key.clone());
            }
            None => {
                nameless.insert(key.clone());
            }
        }
    }
}

impl Topic {
    /// It has come to this version, if to no later one; whether it is now to be read and was not before.
    fn outdate(&mut self, version: i64) -> bool {
        match self.state {
            State::Idle if version > self.seen.borrow().version() => {
                self.state = State::Marked;
                self.since = Instant::now();
                return true;
            }
            State::Idle | State::Marked => {}
            State::Reading => {
                self.state = State::Outdated(version);
                self.since = Instant::now();
            }
            State::Outdated(known) => self.state = State::Outdated(known.max(version)),
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: i64, version: i64) -> Seen {
        let account = Account {
            bucket: 3,
            id,
            user_id: "dora".to_owned(),
            wallet: "points".to_owned(),
            pending: 0,
            available: 0,
            held: 0,
            debt: 0,
            earned: 0,
            spent: 0,
            expired: 0,
            adjusted: 0,
            transferred: 0,
            version,
            level: None,
            frozen: false,
            created_at: chrono::DateTime::UNIX_EPOCH,
            merged_into: None,
        };
        Seen { account: Some(Arc::new(account)), ..Seen::default() }
    }

    fn hint(id: i64, version: Option<i64>) -> Hint {
        Hint::Accounts { bucket: 3, accounts: vec![(id, version)], made: false }
    }

    fn dora() -> Arc<AccountKey> {
        Arc::new(AccountKey { user_id: "dora".to_owned(), wallet: "points".to_owned() })
    }

    #[test]
    fn what_is_told_during_a_read_is_read_again_unless_the_read_has_it() {
        let (mut topics, key) = (Topics::default(), dora());
        let (receiver, ticket) = topics.join(3, &key);
        // Its id is not known yet, so this may be about it.
        let taken = topics.take(9);
        assert!(topics.take(9).is_empty() && taken.len() == 1);
        topics.apply(&hint(7, Some(4)));
        topics.publish(&taken[0], account(7, 3));
        assert!(receiver.borrow().reads == ticket && receiver.borrow().version() == 3);
        let taken = topics.take(9);
        assert_eq!(taken.len(), 1);
        topics.apply(&hint(7, Some(4)));
        topics.apply(&hint(8, None));
        topics.publish(&taken[0], account(7, 4));
        assert!(topics.take(9).is_empty());
        // It is known by its id, and to have come that far.
        assert!(!topics.apply(&hint(7, Some(4))) && !topics.apply(&hint(8, None)));
        assert!(topics.apply(&hint(7, Some(5))) && topics.take(9).len() == 1);
    }

    #[test]
    fn a_follower_waits_for_a_read_that_began_after_it_came() {
        let (mut topics, key) = (Topics::default(), dora());
        let (_first, ticket) = topics.join(3, &key);
        let taken = topics.take(9);
        let (second, later) = topics.join(3, &key);
        assert_eq!((ticket, later), (1, 2));
        topics.publish(&taken[0], account(7, 3));
        assert_eq!(second.borrow().reads, 1);
        let taken = topics.take(9);
        topics.publish(&taken[0], account(7, 3));
        assert_eq!(second.borrow().reads, 2);
    }

    #[test]
    fn a_read_for_those_who_have_left_is_not_told_to_those_who_come() {
        let (mut topics, key) = (Topics::default(), dora());
        topics.join(3, &key);
        let old = topics.take(9);
        topics.leave(&key);
        let (receiver, _) = topics.join(3, &key);
        let new = topics.take(9);
        topics.publish(&old[0], account(7, 3));
        assert_eq!(receiver.borrow().reads, 0);
        topics.publish(&new[0], account(7, 4));
        assert_eq!(receiver.borrow().version(), 4);
    }

    #[test]
    fn versions_never_fall_but_for_another_account() {
        let (mut topics, key) = (Topics::default(), dora());
        let (receiver, _) = topics.join(3, &key);
        for (found, version) in [(account(7, 4), 4), (account(7, 3), 4), (Seen::default(), -1), (account(9, 1), 1)] {
            topics.mark(&key);
            let taken = topics.take(9);
            topics.publish(&taken[0], found);
            assert_eq!(receiver.borrow().version(), version);
        }
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let (mut topics, key) = (Topics::default(), dora());
        for _ in 0..2 {
            topics.join(3, &key);
        }
        let taken = topics.take(9);
        topics.publish(&taken[0], account(7, 4));
        topics.leave(&key);
        topics.leave(&key);
        assert!(topics.topics.is_empty() && topics.keys.is_empty());
        assert!(topics.nameless.values().all(HashSet::is_empty));
    }
}
