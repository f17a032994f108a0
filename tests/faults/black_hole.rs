//! A way to PostgreSQL on which nothing comes back: connections stay open, and new ones are taken.

use std::{net::TcpListener, time::Duration};

use serde_json::json;
use tokio::{net::TcpStream, time::timeout};

use super::{Load, Ways, make_key};
use crate::{
    common::{Database, Proxy},
    graphql::{Gateway, code, until_within},
};

const CLIENTS: u64 = 12;

#[tokio::test]
async fn whoever_asks_meanwhile_is_answered_and_all_goes_on_afterwards() {
    let database = Database::new().await;
    let client = database.client().await;
    let key = make_key(&client).await;
    let proxy = Proxy::start(&database.url(), |_| None).await;
    let gateway = Gateway::over(&proxy.url(), &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), CLIENTS);
    until_within(Duration::from_secs(30), "they are at work", async || load.done() > 50).await;

    proxy.set_dark(true);
    let read = gateway.send("{ account(userId: \"m1\") { version } }", json!({})).await;
    assert_eq!(code(&read["errors"][0]), "OVERLOADED");
    // Each of them, and some after connections that were made in the dark.
    let answered = async || load.told() == CLIENTS as usize && load.retryable() > CLIENTS as usize;
    until_within(Duration::from_secs(90), "they are told", answered).await;
    let (told, done) = (load.retryable(), load.done());
    proxy.set_dark(false);
    until_within(Duration::from_secs(60), "they are at work again", async || load.done() > done + 50).await;

    let record = load.end().await;
    record.report(&format!("in the dark {told} were told to ask again"));
    assert!(record.tally.retryable.contains_key("OUTCOME_UNKNOWN"), "{:?}", record.tally);
    record.check(&client).await;
}

/// A port that answers no call: its queue of connections is full, and nobody takes any.
async fn silent_port() -> (TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        queue.push(connected.unwrap());
    }
    (listener, queue)
}

#[tokio::test]
async fn a_first_server_whose_machine_is_gone_is_passed_over_in_time() {
    let database = Database::new().await;
    let key = make_key(&database.client().await).await;
    let proxy = Proxy::start(&database.url(), |_| None).await;
    let (silent, _queue) = silent_port().await;
    let url = proxy.url().replace("@", &format!("@{},", silent.local_addr().unwrap()));
    let gateway = Gateway::over(&format!("{url}&target_session_attrs=read-write"), &key).await;
    let payload = gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(payload["replayed"], false);
    assert_eq!(gateway.available("dora").await, 5);
}
