//! HTTP and WebSocket.

pub mod connections;
pub mod tls;

use std::{future::Future, str::FromStr, sync::Arc, time::Duration};

use async_graphql::{
    Executor,
    http::{ALL_WEBSOCKET_PROTOCOLS, WebSocketProtocols},
};
use async_graphql_axum::GraphQLResponse;
use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Request, State, WebSocketUpgrade, rejection::JsonRejection},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::{get, post},
};
use deadpool_postgres::Pool;
use futures_util::{
    FutureExt,
    future::{BoxFuture, pending},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore, watch},
    task::AbortHandle,
    time::{Instant, timeout, timeout_at},
};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_service::Service;

#[cfg(feature = "otel")]
use crate::telemetry;
use crate::{
    backtest::Reports,
    client::{Clients, STORE_USES},
    config::{Exposure, Limits},
    database::{self, CALL_TIMEOUT, Config},
    error::{self, Error},
    feed::Feed,
    graphiql,
    intake::{self, Intake, Workers},
    jobs,
    lanes::Lanes,
    metrics::{self, Metrics, Standing},
    pairs::Pairs,
    persisted::{Allowed, ListError},
    reads::{AccountReads, Reads},
    request,
    schema::Api,
    sockets::{self, Session, stopped},
    token::Tokens,
    webhooks,
};
use connections::Peer;
use tls::TlsListener;

const MAX_BODY: usize = 1 << 20;
/// Bytes of a WebSocket that are read or written at a time.
const SOCKET_BUFFER: usize = 4096;
/// Connections at the address of metrics alone: a few scrapers come there.
const METRICS_CONNECTIONS: usize = 100;
/// For how long it is taken as known whether the database answers.
const FRESH: Duration = Duration::from_secs(1);
/// How long a stop takes at most.
const GRACE: Duration = Duration::from_secs(5);
/// Of these, what is left to store the uses of keys, once open requests, sockets and batches have had the rest.
const LAST: Duration = Duration::from_millis(500);

struct Gateway {
    api: Api,
    clients: Arc<Clients>,
    pool: Pool,
    /// For connections that stay open.
    places: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    /// When the database was last asked whether it answers, and whether it did.
    looked: Mutex<Option<(Instant, bool)>>,
    /// Becomes true when the gateway stops.
    stopping: watch::Receiver<bool>,
}

/// Why the gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database is not there, or not ready.
    #[error("cannot reach the database: {}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// The pool could not be made.
    #[error("cannot make the connection pool: {0}")]
    Pool(#[from] deadpool_postgres::BuildError),
    /// The list of allowed documents can't be used.
    #[error("--allowed-documents: {0}")]
    Documents(#[from] ListError),
}

/// A gateway that can be served.
pub struct Ready {
    router: Router,
    stopping: watch::Sender<bool>,
    /// What nobody waits for at the end: jobs, webhooks, and what is between gateways.
    background: [AbortHandle; 3],
    limits: Limits,
    clients: Arc<Clients>,
    workers: Workers,
    metrics: Arc<Metrics>,
}

impl Ready {
    /// Serves the metrics at an address where no key is asked for, for ever.
    pub fn serve_metrics(&self, listener: TcpListener) -> impl Future<Output = ()> + Send + use<> {
        let router = metrics::routes(self.metrics.clone());
        let limits = Limits { max_connections: METRICS_CONNECTIONS, ..self.limits.clone() };
        async move {
            connections::serve(listener, move |request| respond(router.clone(), request), &limits, pending().boxed())
                .await;
        }
    }
}

/// The gateway over a migrated database. Boxed, as [`serve`] is, so that no crate that awaits it compiles all of it again.
pub fn router<'a>(
    config: &'a Config,
    tokens: Option<Tokens>,
    exposure: &'a Exposure,
) -> BoxFuture<'a, Result<Ready, StartError>> {
    make(config, tokens, exposure).boxed()
}

async fn make(config: &Config, tokens: Option<Tokens>, exposure: &Exposure) -> Result<Ready, StartError> {
    let allowed = exposure.allowed_documents.as_deref().map(Allowed::load).transpose()?.map(Arc::new);
    if let Some(allowed) = &allowed {
        tokio::spawn(allowed.clone().follow());
    }
    let client = database::connect(&database::as_gateway(config)).await?;
    let buckets: i16 = client.query_one("select bucket_count from api.program", &[]).await?.get(0);
    let buckets = buckets.unsigned_abs();
    let pool = database::pool(config, database::READERS)?;
    let jobs = tokio::spawn(jobs::run(config.clone())).abort_handle();
    let tokens = tokens.map(Arc::new);
    if let Some(tokens) = &tokens {
        tokio::spawn(tokens.clone().follow());
    }
    let clients = Arc::new(Clients::new(pool.clone(), tokens, &exposure.limits));
    tokio::spawn(store_uses(clients.clone()));
    let webhooks = tokio::spawn(webhooks::run(config.clone())).abort_handle();
    let (feed, channel) = Feed::start(config, pool.clone(), buckets);
    let lanes = Lanes::start(config, buckets, Some(&feed));
    let intake = Intake::new(database::pool(config, database::INTAKE)?);
    let workers = Workers::start(intake.clone(), lanes.clone(), feed.clone());
    let batches = intake::routes(intake.clone(), clients.clone(), Reads::new(pool.clone()));
    let places = Arc::new(Semaphore::new(sockets::MAX_SOCKETS));
    let api = Api::new(
        &feed,
        lanes.clone(),
        Pairs::new(database::pool(config, database::PAIRS)?),
        AccountReads::start(pool.clone(), buckets),
        Reads::new(pool.clone()),
        Reports::new(database::report_pool(config)?),
        intake,
        exposure.introspection.0,
    )
    .allowing(allowed);
    let (measured, followed, free) = (lanes.metrics(), feed.clone(), places.clone());
    let metrics =
        Arc::new(Metrics::new(measured, feed.metrics(), api.running().clone(), pool.clone(), move || Standing {
            lanes: lanes.waiting(),
            followed: followed.followed(),
            sockets: sockets::MAX_SOCKETS - free.available_permits(),
        }));
    let (stopping, heard) = watch::channel(false);
    let gateway = Gateway {
        api,
        metrics: metrics.clone(),
        clients: clients.clone(),
        pool,
        places,
        looked: Mutex::default(),
        stopping: heard,
    };
    let router = Router::new()
        .route("/graphql", post(graphql))
        .route("/graphql/ws", get(graphql_ws))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics_for_auditors))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(gateway));
    let origins = &exposure.cors_origin;
    let router = if origins.is_empty() { router } else { router.layer(cors(origins)) }.merge(batches);
    let router = if exposure.shows_graphiql() { router.merge(graphiql::routes()) } else { router };
    #[cfg(feature = "otel")]
    let router = router.layer(axum::middleware::from_fn(telemetry::trace));
    let background = [jobs, webhooks, channel];
    Ok(Ready { router, stopping, background, limits: exposure.limits.clone(), clients, workers, metrics })
}

async fn store_uses(clients: Arc<Clients>) {
    loop {
        tokio::time::sleep(STORE_USES).await;
        clients.store_uses().await;
    }
}

/// Lets pages of these origins ask. No cookies: a credential is in a header that a page has to set.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, ACCEPT, request::HEADER])
        .expose_headers([RETRY_AFTER, request::HEADER])
        .max_age(Duration::from_secs(600))
}

/// The way of every request. What all have in common is here, as a layer of the router costs each request several
/// allocations, and several more for each layer around it.
async fn answer(router: Router, request: Request) -> Response {
    request::identify(request, async |request| with_security_headers(respond(router, request).await)).await
}

async fn respond(mut router: Router, request: Request) -> Response {
    let Ok(response) = router.call(request).await;
    response
}

/// What no answer should do in a browser; GraphiQL has a policy of its own.
fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        // Balances are nothing for a cache.
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Where connections come in.
pub enum Listening {
    Plain(TcpListener),
    Tls(TlsListener),
}

/// Serves until `stop` resolves, and a little longer for what is under way.
pub fn serve(listening: Listening, ready: Ready, stop: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
    serve_until(listening, ready, stop).boxed()
}

async fn serve_until(
    listening: Listening,
    Ready { router, stopping, background, limits, clients, workers, metrics: _ }: Ready,
    stop: BoxFuture<'static, ()>,
) {
    let mut heard = stopping.subscribe();
    let answer = move |request| answer(router.clone(), request);
    let stopped = stopped(&mut heard).boxed();
    let mut serving = match listening {
        Listening::Plain(listener) => connections::serve(listener, answer, &limits, stopped).boxed(),
        Listening::Tls(listener) => connections::serve(listener, answer, &limits, stopped).boxed(),
    };
    tokio::select! {
        () = stop => {}
        // Nothing else ends it.
        () = &mut serving => {}
    }
    stopping.send_replace(true);
    let end = Instant::now() + GRACE;
    let _ended = tokio::join!(timeout_at(end - LAST, serving), timeout_at(end - LAST, workers.stop()));
    // What a database that does not answer is not told is lost.
    let _stored = timeout_at(end, clients.store_uses()).await;
    // Before a server of our own stops, which they would tell of as lost.
    background.iter().for_each(AbortHandle::abort);
}

async fn graphql(
    State(gateway): State<Arc<Gateway>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Result<Json<async_graphql::Request>, JsonRejection>,
) -> Response {
    let mut request = match body {
        Ok(Json(request)) => request,
        Err(rejection) if connections::is_too_slow(&rejection) => {
            let error = Error::malformed("the body did not come in time".to_owned());
            return (StatusCode::REQUEST_TIMEOUT, failed(error)).into_response();
        }
        Err(rejection) => return (rejection.status(), failed(Error::malformed(rejection.body_text()))).into_response(),
    };
    #[cfg(feature = "otel")]
    let name = telemetry::OperationName::of(&request);
    let authorization = text(&headers, AUTHORIZATION);
    if text(&headers, ACCEPT).is_some_and(|accept| accept.trim_start().starts_with("text/event-stream")) {
        return match gateway.session(peer) {
            Some(session) => {
                let events = sockets::events(session, request, authorization.map(str::to_owned)).await;
                #[cfg(feature = "otel")]
                if events.is_ok() {
                    name.record();
                }
                events.unwrap_or_else(refused)
            }
            None => (StatusCode::SERVICE_UNAVAILABLE, failed(Error::overloaded())).into_response(),
        };
    }
    let admitted = match gateway.clients.authenticate(authorization, Some(peer.address())).await {
        Ok(Some(caller)) => {
            let taken = caller.take_request();
            request = request.data(caller);
            taken
        }
        Ok(None) => gateway.clients.stranger(peer.address()).take_request(),
        Err(error) => Err(error),
    };
    if let Err(error) = admitted {
        return refused(error);
    }
    #[cfg(feature = "otel")]
    name.record();
    GraphQLResponse::from(gateway.api.execute(request).await).into_response()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// For one who is not admitted.
fn refused(error: Error) -> Response {
    if error.code != "RATE_LIMITED" {
        return failed(error).into_response();
    }
    let seconds = error.details.as_ref().and_then(|details| details["retryAfterSeconds"].as_u64()).unwrap_or(1);
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds.to_string())], failed(error)).into_response()
}

fn failed(error: Error) -> GraphQLResponse {
    error.into_response().into()
}

async fn graphql_ws(
    State(gateway): State<Arc<Gateway>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade.protocols(ALL_WEBSOCKET_PROTOCOLS);
    let selected = upgrade.selected_protocol().and_then(|protocol| protocol.to_str().ok());
    let Some(Ok(protocol)) = selected.map(WebSocketProtocols::from_str) else {
        let protocols = ALL_WEBSOCKET_PROTOCOLS.join(" or ");
        return (StatusCode::BAD_REQUEST, format!("the WebSocket protocol must be {protocols}\n")).into_response();
    };
    let Some(session) = gateway.session(peer) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections\n").into_response();
    };
    let authorization = text(&headers, AUTHORIZATION).map(str::to_owned);
    let carried = request::Carried::new();
    upgrade
        .max_message_size(MAX_BODY)
        .read_buffer_size(SOCKET_BUFFER)
        .write_buffer_size(SOCKET_BUFFER)
        .on_upgrade(move |socket| carried.run(sockets::websocket(session, socket, protocol, authorization)))
}

impl Gateway {
    /// For a connection that stays open; None: there are too many.
    fn session(&self, peer: Peer) -> Option<Session> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(Session {
            api: self.api.clone(),
            clients: self.clients.clone(),
            peer,
            place,
            stopping: self.stopping.clone(),
        })
    }

    async fn database_answers(&self) -> bool {
        let answer = database::query(&self.pool, CALL_TIMEOUT, "select bucket_count from api.program", &[]);
        matches!(timeout(Duration::from_secs(2), answer).await, Ok(Ok(_)))
    }
}

/// Whoever may read all, as Prometheus with a key: metrics are of all wallets.
async fn metrics_for_auditors(
    State(gateway): State<Arc<Gateway>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let caller = match gateway.clients.authenticate(text(&headers, AUTHORIZATION), Some(peer.address())).await {
        Ok(caller) => caller,
        Err(error) if error.code == "RATE_LIMITED" => return refused(error),
        Err(error) if error.retryable => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => None,
    };
    match caller {
        Some(caller) if caller.wallets.is_none() && caller.scopes.iter().any(|scope| scope == "audit") => {
            match caller.take_request() {
                Ok(()) => gateway.metrics.respond().await,
                Err(error) => refused(error),
            }
        }
        Some(_) => StatusCode::FORBIDDEN.into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Anybody may ask, so the database is looked at once a [`FRESH`]; who comes meanwhile waits for what is found.
async fn ready(State(gateway): State<Arc<Gateway>>) -> (StatusCode, &'static str) {
    let mut looked = gateway.looked.lock().await;
    let answers = match *looked {
        Some((at, answered)) if at.elapsed() < FRESH => answered,
        _ => {
            let answered = gateway.database_answers().await;
            *looked = Some((Instant::now(), answered));
            answered
        }
    };
    if answers {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
    }
}
