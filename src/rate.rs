//! How many requests of a caller a gateway takes: a token bucket for each client that has a rate, for each member, and
//! for each address from which strangers ask. It is this gateway's own; several take several times as many.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::HashMapStateStore},
};

use tracing::warn;

use crate::error::Error;

type Instant = <MonotonicClock as Clock>::Instant;
type Limiter<K, S> = RateLimiter<K, S, MonotonicClock, NoOpMiddleware<Instant>>;

/// Callers whose requests are counted at a time; past it those who could send their burst again are forgotten, and if
/// these are few, all.
const MAX_CALLERS: usize = 100_000;
/// Seconds' worth of a rate that may come at once.
const BURST_SECONDS: f64 = 10.0;

/// Requests of a client.
#[derive(Debug)]
pub struct Bucket {
    terms: (f64, i32),
    limiter: Limiter<NotKeyed, InMemoryState>,
}

impl Bucket {
    /// `rate` a second, and `burst` at once. None: no such terms. The database keeps both in bounds: governor counts in
    /// 64 bits of nanoseconds, and a burst of 1,000,000 at 0.001 a second is 10^18 of them.
    fn new(rate: f64, burst: i32) -> Option<Self> {
        let quota = quota(rate, u32::try_from(burst).ok()?)?;
        Some(Bucket { terms: (rate, burst), limiter: RateLimiter::direct_with_clock(quota, MonotonicClock) })
    }

    /// Requests a second, and at once.
    pub fn terms(&self) -> (f64, i32) {
        self.terms
    }

    /// Takes a request, or says in how many seconds there is room for one.
    pub fn take(&self) -> Result<(), Error> {
        self.limiter.check().map_err(|not_until| limited(not_until.wait_time_from(MonotonicClock.now())))
    }
}

fn quota(rate: f64, burst: u32) -> Option<Quota> {
    let period = Duration::try_from_secs_f64(1.0 / rate).ok()?;
    Some(Quota::with_period(period)?.allow_burst(NonZeroU32::new(burst)?))
}

fn limited(wait: Duration) -> Error {
    Error::rate_limited(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

/// Requests of many callers, each at the same rate.
#[derive(Debug)]
pub struct Rates<K: Clone + Eq + Hash> {
    quota: Quota,
    callers: Mutex<Limiter<K, HashMapStateStore<K>>>,
}

impl<K: Clone + Eq + Hash> Rates<K> {
    /// `rate` a second for each, and ten seconds' worth at once. None: as many as they like.
    pub fn new(rate: f64) -> Option<Self> {
        let quota = quota(rate, (rate * BURST_SECONDS).ceil() as u32)?;
        Some(Rates { quota, callers: Mutex::new(Self::none(quota)) })
    }

    fn none(quota: Quota) -> Limiter<K, HashMapStateStore<K>> {
        RateLimiter::hashmap_with_clock(quota, MonotonicClock)
    }

    /// Takes a request of one, or says in how many seconds there is room for one.
    pub fn take(&self, caller: &K) -> Result<(), Error> {
        self.try_take(caller).map_err(limited)
    }

    fn try_take(&self, caller: &K) -> Result<(), Duration> {
        let mut callers = lock(&self.callers);
        if callers.len() >= MAX_CALLERS {
            callers.retain_recent();
            if callers.len() > MAX_CALLERS / 2 {
                *callers = Self::none(self.quota);
            }
        }
        callers.check_key(caller).map_err(|not_until| not_until.wait_time_from(MonotonicClock.now()))
    }
}

/// Requests of those who are not known, by the addresses from which they come.
#[derive(Debug)]
pub struct Strangers {
    rates: Rates<IpAddr>,
    /// Addresses that have had theirs, and until when.
    shut: Mutex<HashMap<IpAddr, std::time::Instant>>,
}

impl Strangers {
    /// `rate` a second for each address, and ten seconds' worth at once. None: as many as they like.
    pub fn new(rate: f64) -> Option<Self> {
        Some(Strangers { rates: Rates::new(rate)?, shut: Mutex::default() })
    }

    /// Takes a request without a credential.
    pub fn take(&self, address: IpAddr) -> Result<(), Error> {
        self.rates.take(&address)
    }

    /// Refuses to look at a credential that is not known, from an address that has had as many wrong ones as it may.
    /// That one turns out to be good costs nothing: behind a proxy all members come from its address.
    pub fn admit(&self, address: IpAddr) -> Result<(), Error> {
        let until = lock(&self.shut).get(&address).copied();
        match until.map(|until| until.saturating_duration_since(std::time::Instant::now())) {
            Some(wait) if !wait.is_zero() => Err(limited(wait)),
            _ => Ok(()),
        }
    }

    /// Takes a request whose credential was wrong.
    pub fn blame(&self, address: IpAddr) {
        if let Err(wait) = self.rates.try_take(&address) {
            let now = std::time::Instant::now();
            let mut shut = lock(&self.shut);
            if shut.len() >= MAX_CALLERS {
                shut.retain(|_, until| *until > now);
                if shut.len() > MAX_CALLERS / 2 {
                    shut.clear();
                }
            }
            // Once for each address that is remembered, however often it is shut.
            if shut.insert(address, now + wait).is_none() {
                warn!(
                    "{address} has sent more wrong credentials than --stranger-rate allows; for now, no other that is \
                     not known is looked at from there"
                );
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The buckets of all clients that have asked since the gateway started.
#[derive(Default)]
pub struct Buckets(Mutex<HashMap<i32, Arc<Bucket>>>);

impl Buckets {
    /// The bucket of a client: the one that it has had, unless its terms have changed.
    pub fn of(&self, client_id: i32, rate: f64, burst: i32) -> Result<Arc<Bucket>, Error> {
        let mut buckets = lock(&self.0);
        if let Some(bucket) = buckets.get(&client_id).filter(|bucket| bucket.terms == (rate, burst)) {
            return Ok(bucket.clone());
        }
        let bucket = Bucket::new(rate, burst).ok_or_else(|| {
            Error::internal(&format!("client {client_id} has no rate: {rate} a second, {burst} at once"))
        })?;
        let bucket = Arc::new(bucket);
        buckets.insert(client_id, bucket.clone());
        Ok(bucket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_who_are_counted_are_bounded() {
        let slow = Rates::new(0.001).unwrap();
        for caller in 1..MAX_CALLERS {
            assert!(slow.take(&caller).is_ok());
        }
        assert!(slow.take(&1).is_err());
        assert!(slow.take(&0).is_ok());
        // none could be forgotten without loss, so all are
        assert!(slow.take(&MAX_CALLERS).is_ok());
        assert_eq!(lock(&slow.callers).len(), 1);

        let quick = Rates::new(1_000_000.0).unwrap();
        for caller in 0..=MAX_CALLERS {
            assert!(quick.take(&caller).is_ok());
        }
        assert!(lock(&quick.callers).len() < MAX_CALLERS / 2);
    }

    #[test]
    fn an_address_is_shut_after_as_many_wrong_credentials_as_it_may_send() {
        let strangers = Strangers::new(0.5).unwrap();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..6 {
            assert!(strangers.admit(one).is_ok());
            strangers.blame(one);
        }
        let error = strangers.admit(one).unwrap_err();
        assert_eq!(error.code, "RATE_LIMITED");
        assert!(strangers.take(one).is_err());
        assert!(strangers.admit(other).is_ok() && strangers.take(other).is_ok());
        assert!(Strangers::new(0.0).is_none());
    }
}
