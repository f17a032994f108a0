//! The gateway over real HTTP and WebSocket, on a real database.

mod access;
mod account;
mod adjust_points;
mod adjust_points_batch;
mod alerts;
mod backtest;
mod batches;
mod campaigns;
mod connections;
mod deductions;
mod earn_points;
mod earn_points_batch;
mod erase;
mod errors;
mod expiry;
mod explain;
mod exposure;
mod freeze;
mod gateways;
mod graphiql;
mod holds;
mod inputs;
mod integrity;
mod invitations;
mod jobs;
mod keys;
mod lanes;
mod levels;
mod limits;
mod live;
mod live_faults;
mod live_limits;
mod merge;
mod metrics;
mod operation;
mod operators_day;
mod origins;
mod persisted;
mod preview;
mod rates;
mod reversals;
mod reviews;
mod rewards;
mod rules;
mod scalars;
mod sign_in;
pub mod socket;
mod spend_points;
mod tasks;
mod terms;
mod tls;
pub mod tokens;
mod transfers;
mod webhooks;
mod websocket;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use jifen::{
    client,
    config::Exposure,
    database,
    server::{self, Listening},
    token::Tokens,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_postgres::Client;

use crate::common::{self, Database};

/// All that a mutation answers.
const PAYLOAD: &str = "
    replayed
    operation {
        id userId wallet client idempotencyKey kind originalId orderKey rule ruleVersion amount requested points refusal details reason actor
        metadata occurredAt recordedAt availableAt expiresAt
    }
    entry {
        seq kind pendingDelta availableDelta heldDelta debtDelta pendingAfter availableAfter heldAfter debtAfter contra
        occurredAt recordedAt
    }
    account {
        userId wallet version frozen level { code name threshold }
        balance { pending available held debt earned spent expired adjusted transferred }
    }";

/// A gateway of the test's own, and the key that requests carry.
#[derive(Clone)]
pub struct Gateway {
    pub address: SocketAddr,
    pub key: String,
    pub http: reqwest::Client,
}

impl Gateway {
    /// A gateway with a key that may do everything, on a database of its own.
    pub async fn new() -> (Gateway, Database) {
        let database = Database::new().await;
        let key = make_key(
            &database,
            "test",
            &["earn", "spend", "reverse", "adjust", "rewards", "rules", "webhooks", "read"],
            None,
        )
        .await;
        (Gateway::over(&database.url(), &key).await, database)
    }

    /// A gateway on a database that is there.
    pub async fn over(url: &str, key: &str) -> Gateway {
        let (gateway, stop) = Gateway::stoppable(url, key).await;
        // It runs as long as the test.
        std::mem::forget(stop);
        gateway
    }

    /// A gateway that ends when the second value is dropped.
    pub async fn stoppable(url: &str, key: &str) -> (Gateway, oneshot::Sender<()>) {
        Gateway::with(url, key, None, &Exposure::default()).await
    }

    /// A gateway that takes these tokens, and is as open as this.
    pub async fn with(
        url: &str,
        key: &str,
        tokens: Option<Tokens>,
        exposure: &Exposure,
    ) -> (Gateway, oneshot::Sender<()>) {
        let router = server::router(&database::parse_url(url).unwrap(), tokens, exposure).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server::serve(Listening::Plain(listener), router, stopped.map(drop).boxed()));
        (Gateway::at(address, key), stop)
    }

    /// A gateway that runs at an address.
    pub fn at(address: SocketAddr, key: &str) -> Gateway {
        // An error: another test was first.
        rustls::crypto::ring::default_provider().install_default().ok();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Gateway { address, key: key.to_owned(), http }
    }

    /// The same gateway for the owner of another key.
    pub fn with_key(&self, key: &str) -> Gateway {
        Gateway { key: key.to_owned(), ..self.clone() }
    }

    /// A whole response.
    pub async fn send(&self, query: &str, variables: Value) -> Value {
        let request = self
            .http
            .post(format!("http://{}/graphql", self.address))
            .bearer_auth(&self.key)
            .json(&json!({ "query": query, "variables": variables }));
        request.send().await.unwrap().json().await.unwrap()
    }

    /// The data of a request without errors.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let mut response = self.send(query, variables).await;
        assert_eq!(response["errors"], Value::Null, "{query}");
        response["data"].take()
    }

    /// The one error of a request, whose data is null.
    pub async fn refused(&self, query: &str, variables: Value) -> Value {
        only_error(self.send(query, variables).await).unwrap_or_else(|data| panic!("not refused: {data}"))
    }

    /// The payload of a mutation, or its one error.
    pub async fn mutate(&self, field: &str, input: Value) -> Result<Value, Value> {
        let capital = field[..1].to_uppercase();
        let query =
            format!("mutation($input: {capital}{}Input!) {{ {field}(input: $input) {{ {PAYLOAD} }} }}", &field[1..]);
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }

    pub async fn sign_in(&self, user: &str, key: &str) -> Result<Value, Value> {
        self.mutate("earnPoints", json!({ "userId": user, "rule": "SIGN_IN", "idempotencyKey": key })).await
    }

    pub async fn spend(&self, user: &str, points: i64, key: &str) -> Result<Value, Value> {
        self.mutate("spendPoints", json!({ "userId": user, "points": points, "idempotencyKey": key })).await
    }

    /// Grants points that expire at an instant, or never.
    pub async fn grant(&self, user: &str, points: i64, key: &str, expires_at: Option<&str>) -> Value {
        let input = json!({
            "userId": user, "points": points, "idempotencyKey": key, "reason": "test", "actor": "tester",
            "expiresAt": expires_at,
        });
        self.mutate("adjustPoints", input).await.unwrap()
    }

    pub async fn available(&self, user: &str) -> i64 {
        let query = "query($user: ID!) { account(userId: $user) { balance { available } } }";
        let data = self.ask(query, json!({ "user": user })).await;
        data["account"]["balance"]["available"].as_i64().unwrap()
    }
}

/// The one error of a response, or its data. Where there is an error, data is null: nobody takes it for a success.
pub fn only_error(mut response: Value) -> Result<Value, Value> {
    if response["errors"].is_null() {
        return Err(response["data"].take());
    }
    assert_eq!(response["errors"].as_array().unwrap().len(), 1, "{response}");
    assert_eq!(response["data"], Value::Null, "{response}");
    let error = response["errors"][0].take();
    assert!(error["extensions"]["code"].is_string() && error["extensions"]["retryable"].is_boolean(), "{error}");
    Ok(error)
}

/// Makes a client; its key.
pub async fn make_key(database: &Database, name: &str, scopes: &[&str], rules: Option<&[&str]>) -> String {
    let key = client::new_key();
    let create = "select api.create_client($1, $2, $3, $4)";
    let hash = client::hash_key(&key);
    database.client().await.execute(create, &[&name, &&hash[..], &scopes, &rules]).await.unwrap();
    key
}

/// Names of members whose accounts are all in one bucket, and so in one lane.
pub fn members(bucket: i16, count: usize) -> Vec<String> {
    (0..)
        .map(|number| format!("member-{number}"))
        .filter(|user| common::bucket(user, "points") == bucket)
        .take(count)
        .collect()
}

/// Holds the lock on an account until it is dropped or committed, and so holds up the account's lane.
pub async fn hold_up(blocker: &mut Client, user: &str) {
    blocker.batch_execute("begin").await.unwrap();
    let lock = "select from points.balance b join points.account a on (a.bucket, a.id) = (b.bucket, b.account_id)
        where a.user_id = $1 for update of b";
    assert_eq!(blocker.execute(lock, &[&user]).await.unwrap(), 1);
}

/// Waits until a lane waits for a lock.
pub async fn until_held_up(client: &Client) {
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ 'api.execute'";
    until("a lane waits", async || client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0).await;
}

pub async fn until(what: &str, condition: impl AsyncFnMut() -> bool) {
    until_within(Duration::from_secs(30), what, condition).await;
}

/// Waits so long for something slow.
pub async fn until_within(limit: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `extensions` of an error.
pub fn code(error: &Value) -> &str {
    error["extensions"]["code"].as_str().unwrap()
}
