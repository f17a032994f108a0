//! Webhooks from real gateways to real receivers. Order, back-off and replays under a moved clock are in
//! tests/database/webhooks.rs.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    http::{StatusCode, header::LOCATION},
    response::IntoResponse,
};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{Gateway, code, make_key, until};
use crate::common::{Database, Receiver};

/// Tests' receivers are on loopback.
async fn open() -> (Gateway, Database, Client) {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_webhooks(true, 7)").await.unwrap();
    (gateway, database, client)
}

const CREATE: &str = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) {
    replayed secret webhook { name url events wallets kinds rules minimum perSecond enabled lagSeconds waiting deadLetters failures } } }";

/// Makes a webhook for all entries; its secret.
async fn create(gateway: &Gateway, name: &str, url: &str) -> String {
    let input =
        json!({ "name": name, "url": url, "events": ["ENTRY_BOOKED"], "idempotencyKey": format!("create {name}") });
    let data = gateway.ask(CREATE, json!({ "input": input })).await;
    data["createWebhook"]["secret"].as_str().unwrap().to_owned()
}

async fn named(gateway: &Gateway, field: &str, key: &str, more: &str) -> Value {
    let query = format!(
        "mutation($key: String!) {{ {field}(input: {{ name: \"shop\", idempotencyKey: $key }}) {{ replayed {more} }} }}"
    );
    gateway.ask(&query, json!({ "key": key })).await[field].take()
}

async fn deliveries(gateway: &Gateway, state: &str) -> Vec<Value> {
    let query = "query($state: DeliveryState!) { webhookDeliveries(webhook: \"shop\", state: $state, first: 100) {
        nodes { id type userId wallet data state attempts status failure happenedAt queuedAt dueAt doneAt } } }";
    let data = gateway.ask(query, json!({ "state": state })).await;
    data["webhookDeliveries"]["nodes"].as_array().unwrap().clone()
}

/// What waits for another attempt is due, as if its time had come.
async fn hurry(client: &Client) {
    let sql = "update points.webhook_delivery set due_at = now() where due_at > now() and claimed_at is null;
        update points.webhook set retry_at = now() where retry_at > now()";
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn what_is_booked_is_posted_and_signed() {
    let (gateway, database, _) = open().await;
    let receiver = Receiver::willing().await;
    let secret = create(&gateway, "shop", &receiver.url("/hook?a=b")).await;
    gateway.sign_in("dora", "a").await.unwrap();
    gateway.sign_in("dora", "b").await.unwrap();
    until("both have come", async || receiver.got().len() == 2).await;
    let got = receiver.got();
    for (place, received) in got.iter().enumerate() {
        assert_eq!(received.path, "/hook");
        assert!(received.is_signed_by(&secret), "{received:?}");
        let body = received.json();
        assert_eq!((&body["type"], &body["data"]["userId"]), (&json!("entry.booked"), &json!("dora")));
        assert_eq!((&body["data"]["seq"], &body["data"]["availableDelta"]), (&json!(place + 1), &json!(5)));
        let age = chrono::Utc::now().timestamp() - received.timestamp.parse::<i64>().unwrap();
        assert!((0..60).contains(&age), "{age}");
    }
    until("both are reported", async || deliveries(&gateway, "DELIVERED").await.len() == 2).await;
    let delivered = deliveries(&gateway, "DELIVERED").await;
    assert_eq!(delivered[0]["id"], json!(got[0].id));
    assert_eq!((&delivered[0]["status"], &delivered[0]["attempts"]), (&json!(204), &json!(1)));

    let payload = named(&gateway, "rotateWebhookSecret", "r", "secret").await;
    let second = payload["secret"].as_str().unwrap();
    assert_eq!(
        named(&gateway, "rotateWebhookSecret", "r", "secret").await,
        json!({ "replayed": true, "secret": null })
    );
    assert_eq!(named(&gateway, "pingWebhook", "p", "webhook { name }").await["webhook"]["name"], "shop");
    assert_eq!(named(&gateway, "pingWebhook", "p", "").await["replayed"], true);
    until("the ping has come", async || receiver.got().len() == 3).await;
    let ping = receiver.got().pop().unwrap();
    assert!(ping.is_signed_by(&secret) && ping.is_signed_by(second), "{ping:?}");
    assert_eq!(ping.json()["type"], "webhook.ping");

    let replay = "mutation($input: ReplayWebhookDeliveriesInput!) {
        replayWebhookDeliveries(input: $input) { replayed deliveries more webhook { name } } }";
    let input = json!({ "name": "shop", "ids": [got[1].id], "idempotencyKey": "again" });
    let data = gateway.ask(replay, json!({ "input": input })).await;
    assert_eq!(data["replayWebhookDeliveries"]["deliveries"], 1);
    until("it has come again", async || receiver.got().len() == 4).await;
    let again = receiver.got().pop().unwrap();
    assert_eq!((&again.id, &again.body), (&got[1].id, &got[1].body));
    let neither = json!({ "name": "shop", "idempotencyKey": "x" });
    assert_eq!(code(&gateway.refused(replay, json!({ "input": neither })).await), "INVALID_INPUT");

    assert_eq!(
        named(&gateway, "deleteWebhook", "d", "webhook { name }").await,
        json!({ "replayed": false, "webhook": null })
    );
    assert_eq!(named(&gateway, "deleteWebhook", "d", "").await["replayed"], true);
    assert_eq!(gateway.ask("{ webhooks { name } }", json!({})).await["webhooks"], json!([]));
    gateway.sign_in("dora", "c").await.unwrap();
    let written = "select count(*) from points.outbox";
    assert_eq!(database.client().await.query_one(written, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn webhooks_are_for_those_who_may_keep_them() {
    let (gateway, database, _) = open().await;
    let receiver = Receiver::willing().await;
    let rules = gateway.with_key(&make_key(&database, "rules", &["rules", "read"], None).await);
    let input = |key: &str| {
        json!({ "input": {
        "name": "shop", "url": receiver.url("/"), "events": ["ENTRY_BOOKED", "LEVEL_CHANGED"], "wallets": ["points"],
        "kinds": ["EARN", "SPEND"], "rules": ["ORDER"], "minimum": 10, "perSecond": 7, "idempotencyKey": key } })
    };
    assert_eq!(code(&rules.refused(CREATE, input("k")).await), "FORBIDDEN");
    assert_eq!(code(&rules.refused("{ webhooks { name } }", json!({})).await), "FORBIDDEN");
    let list = "{ webhookDeliveries(webhook: \"shop\", state: DEAD) { nodes { id } } }";
    assert_eq!(code(&rules.refused(list, json!({})).await), "FORBIDDEN");
    let made = gateway.ask(CREATE, input("k")).await["createWebhook"].take();
    assert_eq!(
        made["webhook"],
        json!({
        "name": "shop", "url": receiver.url("/"), "events": ["ENTRY_BOOKED", "LEVEL_CHANGED"], "wallets": ["points"],
        "kinds": ["EARN", "SPEND"], "rules": ["ORDER"], "minimum": 10, "perSecond": 7, "enabled": true,
        "lagSeconds": 0, "waiting": 0, "deadLetters": 0, "failures": 0 })
    );
    let again = gateway.ask(CREATE, input("k")).await["createWebhook"].take();
    assert_eq!(
        (&again["replayed"], &again["secret"], &again["webhook"]),
        (&json!(true), &json!(null), &made["webhook"])
    );
    assert_eq!(code(&gateway.refused(CREATE, input("k2")).await), "INVALID_INPUT");

    let change = "mutation($input: ChangeWebhookInput!) { changeWebhook(input: $input) { replayed webhook { enabled events minimum perSecond } } }";
    let changed = json!({ "input": {
        "name": "shop", "url": receiver.url("/"), "events": ["REVIEW_CHANGED"], "enabled": false, "idempotencyKey": "c" } });
    let data = gateway.ask(change, changed).await;
    let expected = json!({ "enabled": false, "events": ["REVIEW_CHANGED"], "minimum": null, "perSecond": 100 });
    assert_eq!(data["changeWebhook"]["webhook"], expected);
    for (events, url) in [
        (json!([]), "https://a.example"),
        (json!(["WEBHOOK_PING"]), "https://a.example"),
        (json!(["ENTRY_BOOKED"]), "gopher://a"),
    ] {
        let input = json!({ "input": { "name": "shop", "url": url, "events": events, "enabled": true, "idempotencyKey": "c2" } });
        assert_eq!(code(&gateway.refused(change, input).await), "INVALID_INPUT");
    }
    let ping = "mutation { pingWebhook(input: { name: \"shop\", idempotencyKey: \"p\" }) { replayed } }";
    assert_eq!(code(&gateway.refused(ping, json!({})).await), "INVALID_INPUT");
    let bad = "{ webhookDeliveries(webhook: \"shop\", state: DEAD, after: \"x\") { nodes { id } } }";
    assert_eq!(code(&gateway.refused(bad, json!({})).await), "INVALID_INPUT");
}

/// By whatever name: a number, a name that resolves there, or one of many ways to write it.
#[tokio::test]
async fn nothing_is_sent_to_private_addresses_unless_that_is_allowed() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let receiver = Receiver::willing().await;
    let port = receiver.address.port();
    let hosts = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254"];
    for (place, host) in hosts.iter().enumerate() {
        create(&gateway, &format!("w{place}"), &format!("http://{host}:{port}/")).await;
    }
    gateway.sign_in("dora", "a").await.unwrap();
    let failures = "select name, failure from api.webhook where failure is not null";
    until("all were refused", async || client.query(failures, &[]).await.unwrap().len() == hosts.len()).await;
    for row in client.query(failures, &[]).await.unwrap() {
        let (name, failure): (&str, &str) = (row.get(0), row.get(1));
        assert!(failure.ends_with("a private address") || failure.ends_with("no public address"), "{name}: {failure}");
    }
    assert_eq!(receiver.got().len(), 0);

    client.batch_execute("select api.set_webhooks(true, 7)").await.unwrap();
    until("those that lead there have come", async || {
        hurry(&client).await;
        receiver.got().len() >= 6
    })
    .await;
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_is_not_followed() {
    let (gateway, _database, _) = open().await;
    let receiver =
        Receiver::start(|_, _| Some((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/elsewhere")]).into_response()))
            .await;
    create(&gateway, "shop", &receiver.url("/hook")).await;
    gateway.sign_in("dora", "a").await.unwrap();
    until("it was reported", async || {
        !deliveries(&gateway, "WAITING").await.first().is_none_or(|waiting| waiting["failure"].is_null())
    })
    .await;
    let waiting = deliveries(&gateway, "WAITING").await;
    assert_eq!((&waiting[0]["failure"], &waiting[0]["status"]), (&json!("it answered 307"), &json!(307)));
    assert!(receiver.got().iter().all(|received| received.path == "/hook"));
}

#[tokio::test]
async fn a_receiver_without_tls_and_one_that_is_not_there_are_failures() {
    let (gateway, _database, client) = open().await;
    let receiver = Receiver::willing().await;
    create(&gateway, "shop", &receiver.url("/").replace("http:", "https:")).await;
    create(&gateway, "nobody", "http://127.0.0.1:1/").await;
    gateway.sign_in("dora", "a").await.unwrap();
    let failures = "select failure from api.webhook where failure ~ '^it cannot be reached: .'";
    until("both were reported", async || client.query(failures, &[]).await.unwrap().len() == 2).await;
    assert_eq!(receiver.got().len(), 0);
    let waiting = deliveries(&gateway, "WAITING").await;
    assert_eq!((&waiting[0]["status"], &waiting[0]["userId"]), (&json!(null), &json!("dora")));
}

#[tokio::test]
async fn a_receiver_that_says_much_has_taken_it_all_the_same() {
    let (gateway, _database, _) = open().await;
    let receiver = Receiver::start(|_, _| Some("x".repeat(10 << 20).into_response())).await;
    create(&gateway, "shop", &receiver.url("/")).await;
    gateway.sign_in("dora", "a").await.unwrap();
    until("it was reported", async || deliveries(&gateway, "DELIVERED").await.len() == 1).await;
}

/// Every third attempt fails, and both gateways send: each member's entries come in order, and none comes twice once it
/// was taken.
#[tokio::test]
async fn two_gateways_send_in_order_to_a_receiver_that_fails_now_and_then() {
    let (gateway, database, client) = open().await;
    let second = Gateway::over(&database.url(), &gateway.key).await;
    let receiver = Receiver::start(|_, before| {
        Some(if before % 3 == 0 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }.into_response())
    })
    .await;
    let secret = create(&gateway, "shop", &receiver.url("/")).await;
    for number in 0..60 {
        let gateway = if number % 2 == 0 { &gateway } else { &second };
        gateway.sign_in(&format!("m{}", number % 10), &number.to_string()).await.unwrap();
    }
    until("all were taken", async || {
        hurry(&client).await;
        deliveries(&gateway, "DELIVERED").await.len() == 60
    })
    .await;
    let mut taken: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (place, received) in receiver.got().iter().enumerate() {
        assert!(received.is_signed_by(&secret));
        if place % 3 > 0 {
            let data = received.json()["data"].take();
            taken.entry(data["userId"].as_str().unwrap().to_owned()).or_default().push(data["seq"].as_i64().unwrap());
            assert!(ids.insert(received.id.clone()), "{} came twice", received.id);
        }
    }
    assert_eq!(taken.len(), 10);
    assert!(taken.values().all(|seqs| *seqs == [1, 2, 3, 4, 5, 6]), "{taken:?}");
}

#[tokio::test]
async fn a_witness_gets_the_roots_of_new_seals() {
    let (gateway, database, client) = open().await;
    client.batch_execute("update points.job set enabled = false where name = 'seal'").await.unwrap();
    let receiver = Receiver::willing().await;
    let input =
        json!({ "name": "witness", "url": receiver.url("/"), "events": ["BUCKET_SEALED"], "idempotencyKey": "w" });
    let created = gateway.ask(CREATE, json!({ "input": input })).await;
    let secret = created["createWebhook"]["secret"].as_str().unwrap();
    gateway.sign_in("dora", "1").await.unwrap();
    let sealed = "select count(*) from points.seal";
    until("all is sealed and told", async || {
        client.batch_execute("select points.seal_step(0, null)").await.unwrap();
        let open = "select count(*) - (select coalesce(sum(entries), 0) from points.seal)::bigint from points.entry";
        let seals = client.query_one(sealed, &[]).await.unwrap().get::<_, i64>(0);
        client.query_one(open, &[]).await.unwrap().get::<_, i64>(0) == 0 && receiver.got().len() as i64 == seals
    })
    .await;
    let auditor = gateway.with_key(&make_key(&database, "auditor", &["audit"], None).await);
    let data = auditor.ask("{ seals(first: 100) { nodes { bucket number root } } }", json!({})).await;
    let mut told: Vec<_> = receiver
        .got()
        .iter()
        .map(|received| {
            assert!(received.is_signed_by(secret));
            let event = received.json();
            assert_eq!(event["type"], "bucket.sealed");
            json!({ "bucket": event["data"]["bucket"], "number": event["data"]["number"], "root": event["data"]["root"] })
        })
        .collect();
    told.sort_by_key(|seal| (seal["bucket"].as_i64(), seal["number"].as_i64()));
    assert_eq!(json!(told), data["seals"]["nodes"]);
}
