//! Connections: how many there are at a time, and how long they may take for what they send.
//!
//! hyper closes a connection on which no request comes; what it has no limit for is here.

use std::{
    collections::HashMap,
    convert::Infallible,
    error::Error,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{BoxError, body::Body, extract::Request, response::Response, serve::Listener};
use futures_util::{FutureExt, future::BoxFuture};
use hyper::{
    body::{Bytes, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, Sleep, sleep, sleep_until},
};
use tracing::debug;

use crate::config::Limits;

/// Bytes a second of a body that is taken for honest, once it has had its first time.
pub const MIN_RATE: u32 = 1000;

/// The other side of a connection, for what belongs to it: a socket goes on when the connection itself has become it.
#[derive(Clone)]
pub struct Peer(Arc<Place>);

/// A place among the connections, as long as it is kept.
struct Place {
    address: IpAddr,
    of_address: Arc<Addresses>,
    _place: OwnedSemaphorePermit,
}

impl Peer {
    /// Whose it is; of IPv6 the network, since whoever has one address of it has all.
    pub fn address(&self) -> IpAddr {
        self.0.address
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of_address.leave(self.address);
    }
}

/// Connections by address.
struct Addresses {
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Addresses {
    /// False: it has as many as it may.
    fn enter(&self, address: IpAddr) -> bool {
        let mut open = self.open();
        let count = open.entry(address).or_default();
        let enters = *count < self.most;
        *count += usize::from(enters);
        enters
    }

    fn leave(&self, address: IpAddr) {
        let mut open = self.open();
        let count = open.get(&address).copied().unwrap_or_default();
        if count > 1 {
            open.insert(address, count - 1);
        } else {
            open.remove(&address);
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What counts as one address.
fn origin(address: SocketAddr) -> IpAddr {
    match address.ip().to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

/// Serves until `stop` resolves, and then what is under way to its end.
pub async fn serve<L, A, F>(mut listener: L, answer: A, limits: &Limits, mut stop: BoxFuture<'_, ()>)
where
    L: Listener<Addr = SocketAddr>,
    A: Fn(Request) -> F + Clone + Send + 'static,
    F: Future<Output = Response> + Send,
{
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let most = limits.max_connections_per_address.unwrap_or(limits.max_connections);
    let addresses = Arc::new(Addresses { most, open: Mutex::default() });
    let stopping = watch::Sender::new(());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.idle_timeout);
    let (header_timeout, body_timeout) = (limits.header_timeout, limits.body_timeout);
    loop {
        // Whoever comes when all places are taken waits for one, before anything is kept for him.
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (Ok(place), (stream, address)) = (tokio::select! {
            next = next => next,
            () = &mut stop => break,
        }) else {
            // Never closed.
            break;
        };
        let origin = origin(address);
        if !addresses.enter(origin) {
            debug!("{address} has too many connections");
            continue;
        }
        let peer = Peer(Arc::new(Place { address: origin, of_address: addresses.clone(), _place: place }));
        let asked = Arc::new(AtomicBool::new(false));
        let service = service_fn({
            let (asked, answer) = (asked.clone(), answer.clone());
            move |request: hyper::Request<Incoming>| {
                asked.store(true, Ordering::Relaxed);
                let mut request = request.map(|body| Body::new(Steady::new(body, body_timeout)));
                request.extensions_mut().insert(peer.clone());
                answer(request).map(Ok::<_, Infallible>)
            }
        });
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let mut stopped = stopping.subscribe();
        tokio::spawn(async move {
            let (mut connection, mut late) = (pin!(connection), pin!(sleep(header_timeout)));
            let (mut first, mut goes_on) = (true, true);
            let result = loop {
                tokio::select! {
                    result = &mut connection => break result,
                    () = &mut late, if first => {
                        if !asked.load(Ordering::Relaxed) {
                            return debug!("{address} has sent no request in time");
                        }
                        first = false;
                    }
                    // An error means that nobody waits for its end any more.
                    _ = stopped.changed(), if goes_on => {
                        connection.as_mut().graceful_shutdown();
                        goes_on = false;
                    }
                }
            };
            if let Err(error) = result {
                debug!("the connection of {address} has ended: {error}");
            }
        });
    }
    drop(listener);
    stopping.send_replace(());
    // Until all places are back: a socket keeps that of the connection that it was. An error: never closed.
    let _all = places.acquire_many(limits.max_connections as u32).await;
}

/// A body that comes at some rate, or ends with an error. Only the time counts in which it is waited for.
struct Steady<B> {
    body: B,
    /// How long it may stand still, and how long it may take before its rate counts.
    patience: Duration,
    received: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<B> Steady<B> {
    fn new(body: B, patience: Duration) -> Self {
        Steady { body, patience, received: 0, waited: Duration::ZERO, waiting: None }
    }

    /// How long it may be waited for now.
    fn left(&self) -> Duration {
        let earned = Duration::from_millis(self.received.saturating_mul(1000) / u64::from(MIN_RATE));
        (self.patience + earned).saturating_sub(self.waited).min(self.patience)
    }
}

impl hyper::body::Body for Steady<Incoming> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some((since, _)) = self.waiting.take() {
                self.waited += since.elapsed();
            }
            if let Some(Ok(frame)) = &frame {
                self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)));
        }
        let left = self.left();
        let (_, until) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + left)))
        });
        ready!(until.as_mut().poll(context));
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether it is the error of a body that did not come in time.
pub fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let timed_out = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
    timed_out || error.source().is_some_and(is_too_slow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        for (address, counted) in [
            ("192.0.2.7:1", "192.0.2.7"),
            ("[::ffff:192.0.2.7]:1", "192.0.2.7"),
            ("[2001:db8:1:2:3:4:5:6]:1", "2001:db8:1:2::"),
            ("[::1]:1", "::"),
        ] {
            assert_eq!(origin(address.parse().unwrap()), counted.parse::<IpAddr>().unwrap(), "{address}");
        }
    }

    #[test]
    fn a_body_may_stand_still_for_its_patience_and_take_what_its_bytes_have_earned() {
        let patience = Duration::from_secs(30);
        for (received, waited, left) in [
            (0, 0, 30),
            (0, 29, 1),
            (0, 30, 0),
            (5_000, 30, 5),
            (5_000, 35, 0),
            // however much has come, it must not stand still for longer
            (1_000_000, 30, 30),
            (1_000_000, 1_029, 1),
            (1_000_000, 2_000, 0),
        ] {
            let waited = Duration::from_secs(waited);
            let body = Steady { body: (), patience, received, waited, waiting: None };
            assert_eq!(body.left(), Duration::from_secs(left), "{received} {waited:?}");
        }
    }

    #[test]
    fn an_address_has_as_many_connections_as_it_may() {
        let addresses = Addresses { most: 2, open: Mutex::default() };
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!([one, one, one, other].map(|address| addresses.enter(address)), [true, true, false, true]);
        addresses.leave(one);
        assert!(addresses.enter(one) && !addresses.enter(one));
        for address in [one, one, other] {
            addresses.leave(address);
        }
        assert!(addresses.open().is_empty());
    }
}
