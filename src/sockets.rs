//! Connections that stay open: WebSockets, and server-sent events for those who have nothing but HTTP.
//!
//! Nothing is kept for a client that does not read: what is sent waits for the client, and what it subscribes to waits
//! for that, and goes on from there, or with the last state. A client that takes nothing for [`PATIENCE`] is cut off.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_graphql::{
    Data, Executor, Request,
    http::{WebSocket as Protocol, WebSocketProtocols, WsMessage},
};
use axum::{
    body::Body,
    extract::ws::{CloseFrame, Message, WebSocket},
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use chrono::Utc;
use futures_util::{
    SinkExt, StreamExt,
    future::{pending, ready},
    stream,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout, timeout_at},
};

use crate::{
    client::{Caller, Clients, Stranger},
    error::Error,
    request::Carried,
    schema::Api,
    server::connections::Peer,
};

/// Connections of a gateway that stay open.
pub const MAX_SOCKETS: usize = 50_000;
/// What one of them may ask for at a time: subscriptions, queries and mutations.
pub const MAX_REQUESTS: usize = 100;
/// How long a client may take for what it is sent.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How often a client is pinged and its credential looked at.
pub const BEAT: Duration = Duration::from_secs(5);
/// How long a connection goes on while its credential can't be looked at, since the database is away or slow.
const UNCHECKED: Duration = Duration::from_secs(30);
/// Beats after which one that says nothing, not even pong, is taken for gone.
const MAX_SILENT: u32 = 6;
/// Messages that are ready for a client of server-sent events.
const READY: usize = 4;

const GOING_AWAY: u16 = 1001;
const TRY_AGAIN: u16 = 1013;
/// Of graphql-transport-ws.
const TOO_LATE: u16 = 4408;
const FORBIDDEN: u16 = 4403;
const TOO_MANY: u16 = 4429;

/// What a connection needs of its gateway.
pub struct Session {
    pub api: Api,
    pub clients: Arc<Clients>,
    /// Who is at the other end.
    pub peer: Peer,
    /// The place that it takes among the gateway's connections.
    pub place: OwnedSemaphorePermit,
    /// Becomes true when the gateway stops.
    pub stopping: watch::Receiver<bool>,
}

/// Who opened a connection, and by which header.
struct Opener {
    authorization: Option<String>,
    caller: Option<Caller>,
    stranger: Stranger,
    /// When the credential ends, as it was last looked at.
    ends: watch::Sender<Option<Instant>>,
    /// The keys of tokens by which it was last looked at.
    token_keys: AtomicU64,
    /// When that was.
    checked: Mutex<Instant>,
}

impl Opener {
    /// Finds who it is.
    async fn find(
        clients: &Clients,
        peer: &Peer,
        authorization: Option<String>,
        ends: watch::Sender<Option<Instant>>,
    ) -> Result<Opener, Error> {
        let token_keys = AtomicU64::new(clients.token_keys());
        let checked = Mutex::new(Instant::now());
        let caller = clients.authenticate(authorization.as_deref(), Some(peer.address())).await?;
        ends.send_replace(caller.as_ref().and_then(end_of));
        let stranger = clients.stranger(peer.address());
        Ok(Opener { authorization, caller, stranger, ends, token_keys, checked })
    }

    /// What the requests of the connection are given.
    fn data(&self) -> Data {
        let mut data = Data::default();
        match &self.caller {
            Some(caller) => data.insert(caller.clone()),
            None => data.insert(self.stranger.clone()),
        };
        data
    }

    /// Refuses a caller whose credential has ended or lost a right since. That the database is away is no reason to,
    /// for [`UNCHECKED`].
    async fn check(&self, clients: &Clients) -> Result<(), Error> {
        let token_keys = clients.token_keys();
        let by_token = self.caller.as_ref().is_none_or(|caller| caller.member.is_some());
        // A token does not change: its end is waited for, and verifying it again would tell nothing.
        if by_token && self.token_keys.swap(token_keys, Ordering::Relaxed) == token_keys {
            return Ok(());
        }
        let last = *self.checked();
        let begun = Instant::now();
        let found = timeout_at(last + UNCHECKED, clients.authenticate(self.authorization.as_deref(), None)).await;
        match (found.unwrap_or_else(|_| Err(Error::overloaded())), &self.caller) {
            (Ok(Some(now)), Some(then)) if now.is(then) => {
                self.ends.send_replace(end_of(&now));
                *self.checked() = begun;
                Ok(())
            }
            (Ok(None), None) => Ok(()),
            (Err(error), _) if error.retryable => {
                if last.elapsed() < UNCHECKED {
                    Ok(())
                } else {
                    Err(error)
                }
            }
            _ => Err(Error::unauthenticated()),
        }
    }

    fn checked(&self) -> MutexGuard<'_, Instant> {
        self.checked.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// When a credential ends; None: never, or not as long as the clock reaches.
fn end_of(caller: &Caller) -> Option<Instant> {
    let left = caller.expires_at?.signed_duration_since(Utc::now());
    Instant::now().checked_add(left.to_std().unwrap_or_default())
}

/// Waits until the credential has ended.
async fn ended(ends: &mut watch::Receiver<Option<Instant>>) {
    loop {
        let end = *ends.borrow_and_update();
        let end = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = end => return,
            changed = ends.changed() => if changed.is_err() { pending().await },
        }
    }
}

/// The requests of a connection.
#[derive(Clone)]
struct Turns {
    free: Arc<Semaphore>,
    refused: Arc<AtomicUsize>,
}

impl Turns {
    fn new() -> Self {
        Turns { free: Arc::new(Semaphore::new(MAX_REQUESTS)), refused: Arc::default() }
    }

    /// Whether it asks for more than it may, again and again. Requests wait in memory, refused ones, too.
    fn flooded(&self) -> bool {
        self.refused.load(Ordering::Relaxed) > MAX_REQUESTS
    }
}

/// The turn of a request among those of its connection, as long as it is kept, if the caller's rate, or that of
/// strangers, leaves one.
pub fn take_turn(session: &Data) -> Result<Option<OwnedSemaphorePermit>, Error> {
    if let Some(caller) = of_session::<Caller>(session) {
        caller.take_request()?;
    } else if let Some(stranger) = of_session::<Stranger>(session) {
        stranger.take_request()?;
    }
    let turns = of_session::<Turns>(session);
    let take = |turns: &Turns| {
        turns.free.clone().try_acquire_owned().map_err(|_| {
            turns.refused.fetch_add(1, Ordering::Relaxed);
            Error::overloaded()
        })
    };
    turns.map(take).transpose()
}

fn of_session<T: 'static>(session: &Data) -> Option<&T> {
    session.get(&std::any::TypeId::of::<T>())?.downcast_ref()
}

/// Serves a WebSocket to its end.
pub async fn websocket(
    session: Session,
    socket: WebSocket,
    protocol: WebSocketProtocols,
    authorization: Option<String>,
) {
    let Session { api, clients, peer, place: _place, mut stopping } = session;
    let (mut sink, messages) = socket.split();
    let heard = Arc::new(AtomicBool::new(true));
    let opener = Arc::new(OnceLock::<Opener>::new());
    let (ends, mut ending) = watch::channel(None);
    let turns = Turns::new();

    let messages = messages.take_while({
        let turns = turns.clone();
        move |message| ready(message.is_ok() && !turns.flooded())
    });
    let input = messages.filter_map({
        let heard = heard.clone();
        move |message| {
            heard.store(true, Ordering::Relaxed);
            ready(match message {
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => Some(message.into_data()),
                _ => None,
            })
        }
    });
    let greet = {
        let (clients, peer, opener, turns) = (clients.clone(), peer.clone(), opener.clone(), turns.clone());
        move |payload: serde_json::Value| async move {
            let given = payload.get("authorization").or_else(|| payload.get("Authorization"));
            let given = given.and_then(|value| value.as_str()).map(str::to_owned).or(authorization);
            let found = Opener::find(&clients, &peer, given, ends).await?;
            let mut data = found.data();
            data.insert(turns);
            // There is but one greeting.
            let _first = opener.set(found);
            Ok(data)
        }
    };
    let mut output = pin!(Protocol::new(api, input.boxed(), protocol).on_connection_init(greet));
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut beats, mut silent) = (0, 0);
    loop {
        let message = tokio::select! {
            message = output.next() => match message {
                Some(WsMessage::Text(text)) => Message::Text(text.into()),
                Some(WsMessage::Close(code, reason)) => close(code, &reason),
                None if turns.flooded() => close(TOO_MANY, "Too many requests"),
                None => return,
            },
            _ = beat.tick() => {
                beats += 1;
                silent = if heard.swap(false, Ordering::Relaxed) { 0 } else { silent + 1 };
                match opener.get() {
                    _ if silent >= MAX_SILENT => return,
                    None if beats > 1 => close(TOO_LATE, "Connection initialisation timeout"),
                    None => Message::Ping(Default::default()),
                    // In a box, so that no socket keeps room for it between beats.
                    Some(opener) => match Box::pin(opener.check(&clients)).await {
                        Ok(()) => Message::Ping(Default::default()),
                        Err(error) => close(if error.retryable { TRY_AGAIN } else { FORBIDDEN }, &error.message),
                    },
                }
            },
            () = ended(&mut ending) => close(FORBIDDEN, &Error::unauthenticated().message),
            () = stopped(&mut stopping) => close(GOING_AWAY, "The server is going away"),
        };
        let last = matches!(message, Message::Close(_));
        if !matches!(timeout(PATIENCE, sink.send(message)).await, Ok(Ok(()))) || last {
            return;
        }
    }
}

/// Waits until the gateway stops.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that it has stopped.
    let _stopped = stopping.wait_for(|stopping| *stopping).await;
}

fn close(code: u16, reason: &str) -> Message {
    // The reason of a close frame has at most 123 bytes.
    let end = reason.floor_char_boundary(123);
    Message::Close(Some(CloseFrame { code, reason: reason[..end].into() }))
}

/// Answers a request by server-sent events, as graphql-sse says in its mode of distinct connections: `next` with each
/// response, and `complete`.
pub async fn events(session: Session, request: Request, authorization: Option<String>) -> Result<Response, Error> {
    let (ends, ending) = watch::channel(None);
    let opener = Opener::find(&session.clients, &session.peer, authorization, ends).await?;
    let (sender, receiver) = mpsc::channel(READY);
    tokio::spawn(Carried::new().run(send_events(session, request, opener, ending, sender)));
    let events = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|event: String| (Ok::<_, Infallible>(event), receiver))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        // Proxies that gather what they pass on would hold events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

async fn send_events(
    session: Session,
    request: Request,
    opener: Opener,
    mut ending: watch::Receiver<Option<Instant>>,
    sender: mpsc::Sender<String>,
) {
    let Session { api, clients, peer: _peer, place: _place, mut stopping } = session;
    let mut responses = api.execute_stream(request, Some(Arc::new(opener.data())));
    let mut over = false;
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let (event, last) = tokio::select! {
            response = responses.next() => match response {
                Some(response) => (next_event(&response), false),
                None => (Ok("event: complete\ndata:\n\n".to_owned()), true),
            },
            _ = beat.tick() => match opener.check(&clients).await {
                // A comment keeps the connection alive.
                Ok(()) => (Ok(":\n\n".to_owned()), false),
                Err(error) => {
                    responses = stream::empty().boxed();
                    (next_event(&error.into_response()), false)
                }
            },
            () = ended(&mut ending), if !over => {
                over = true;
                responses = stream::empty().boxed();
                (next_event(&Error::unauthenticated().into_response()), false)
            },
            // The client has gone.
            () = sender.closed() => return,
            () = stopped(&mut stopping) => return,
        };
        let Ok(event) = event else { return };
        if !matches!(timeout(PATIENCE, sender.send(event)).await, Ok(Ok(()))) || last {
            return;
        }
    }
}

fn next_event(response: &async_graphql::Response) -> serde_json::Result<String> {
    Ok(format!("event: next\ndata: {}\n\n", serde_json::to_string(response)?))
}
