//! HTTP and WebSocket.

use std::{future::Future, sync::Arc, time::Duration};

use async_graphql::{Data, Executor, Request, http::ALL_WEBSOCKET_PROTOCOLS};
use async_graphql_axum::{GraphQLProtocol, GraphQLResponse, GraphQLWebSocket};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, WebSocketUpgrade, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::Response,
    routing::{get, post},
};
use deadpool_postgres::Pool;
use tokio::net::TcpListener;
use tokio_postgres::Config;

use crate::{
    backtest::Reports,
    client::{Client, Clients},
    database,
    error::{self, Error},
    graphiql, jobs,
    lanes::Lanes,
    pairs::Pairs,
    reads::{AccountReads, Reads},
    schema::Api,
};

const MAX_BODY: usize = 1 << 20;
/// A WebSocket that says nothing for so long is closed.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// How long open requests and sockets may go on after a stop was asked for.
const GRACE: Duration = Duration::from_secs(5);

struct Gateway {
    api: Api,
    clients: Clients,
    pool: Pool,
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
}

/// The gateway over a migrated database.
pub async fn router(config: &Config) -> Result<Router, StartError> {
    let client = database::connect(&database::as_gateway(config)).await?;
    let buckets: i16 = client.query_one("select bucket_count from api.program", &[]).await?.get(0);
    let buckets = buckets.unsigned_abs();
    let pool = database::pool(config, database::READERS)?;
    tokio::spawn(jobs::run(pool.clone()));
    tokio::spawn(jobs::run_invitations(pool.clone()));
    tokio::spawn(jobs::run_levels(pool.clone(), buckets));
    let gateway = Gateway {
        api: Api::new(
            Lanes::start(config, buckets),
            Pairs::new(database::pool(config, database::PAIRS)?),
            AccountReads::start(pool.clone(), buckets),
            Reads::new(pool.clone()),
            Reports::new(database::report_pool(config)?),
        ),
        clients: Clients::new(pool.clone()),
        pool,
    };
    Ok(Router::new()
        .route("/graphql", post(graphql))
        .route("/graphql/ws", get(graphql_ws))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(gateway))
        .merge(graphiql::routes()))
}

/// Serves until `stop` resolves, and a little longer for what is under way.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        stopping.send_replace(true);
    });
    let grace = async {
        // An error means that the server has ended by itself.
        if stopped.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = serving => result,
        () = grace => Ok(()),
    }
}

async fn graphql(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    body: Result<Json<Request>, JsonRejection>,
) -> (StatusCode, GraphQLResponse) {
    let mut request = match body {
        Ok(Json(request)) => request,
        Err(rejection) => return (rejection.status(), failed(Error::malformed(rejection.body_text()))),
    };
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match gateway.clients.authenticate(authorization).await {
        Ok(Some(client)) => request = request.data(client),
        Ok(None) => {}
        Err(error) => return (StatusCode::OK, failed(error)),
    }
    (StatusCode::OK, gateway.api.execute(request).await.into())
}

fn failed(error: Error) -> GraphQLResponse {
    let error = async_graphql::Error::from(error).into_server_error(Default::default());
    async_graphql::Response::from_errors(vec![error]).into()
}

async fn graphql_ws(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    protocol: GraphQLProtocol,
    upgrade: WebSocketUpgrade,
) -> Response {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    upgrade.protocols(ALL_WEBSOCKET_PROTOCOLS).max_message_size(MAX_BODY).on_upgrade(move |socket| async move {
        GraphQLWebSocket::new(socket, gateway.api.clone(), protocol)
            .keepalive_timeout(KEEPALIVE)
            .on_connection_init(async move |payload| {
                let given = payload.get("authorization").or_else(|| payload.get("Authorization"));
                let authorization = given.and_then(|value| value.as_str()).or(header.as_deref());
                let client: Option<Client> = gateway.clients.authenticate(authorization).await?;
                let mut data = Data::default();
                if let Some(client) = client {
                    data.insert(client);
                }
                Ok(data)
            })
            .serve()
            .await;
    })
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> (StatusCode, &'static str) {
    let answer = async {
        let connection = gateway.pool.get().await.map_err(Error::from)?;
        connection.query_one("select bucket_count from api.program", &[]).await.map_err(Error::from)
    };
    match tokio::time::timeout(Duration::from_secs(2), answer).await {
        Ok(Ok(_)) => (StatusCode::OK, "ready\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
