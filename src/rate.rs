//! How many requests of a client a gateway takes: a token bucket for each client that has a rate. It is this gateway's own;
//! several take several times as many.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use crate::error::Error;

type Instant = <MonotonicClock as Clock>::Instant;

/// Requests of a client.
#[derive(Debug)]
pub struct Bucket {
    terms: (f64, i32),
    limiter: RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<Instant>>,
}

impl Bucket {
    /// `rate` a second, and `burst` at once. None: no such terms. The database keeps both in bounds: governor counts in 64 bits
    /// of nanoseconds, and a burst of 1,000,000 at 0.001 a second is 10^18 of them.
    fn new(rate: f64, burst: i32) -> Option<Self> {
        let burst = NonZeroU32::new(u32::try_from(burst).ok()?)?;
        let quota = Quota::with_period(Duration::try_from_secs_f64(1.0 / rate).ok()?)?.allow_burst(burst);
        Some(Bucket {
            terms: (rate, burst.get() as i32),
            limiter: RateLimiter::direct_with_clock(quota, MonotonicClock),
        })
    }

    /// Requests a second, and at once.
    pub fn terms(&self) -> (f64, i32) {
        self.terms
    }

    /// Takes a request, or says in how many seconds there is room for one.
    pub fn take(&self) -> Result<(), Error> {
        self.limiter.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(MonotonicClock.now());
            Error::rate_limited(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }
}

/// The buckets of all clients that have asked since the gateway started.
#[derive(Default)]
pub struct Buckets(Mutex<HashMap<i32, Arc<Bucket>>>);

impl Buckets {
    /// The bucket of a client: the one that it has had, unless its terms have changed.
    pub fn of(&self, client_id: i32, rate: f64, burst: i32) -> Result<Arc<Bucket>, Error> {
        let mut buckets = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
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
