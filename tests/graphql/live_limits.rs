//! That connections which stay open are bounded, and harm nobody.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use jifen::sockets::{BEAT, MAX_REQUESTS, PATIENCE};
use serde_json::{Value, json};
use tokio::{net::TcpSocket, task::JoinSet};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{
    Gateway, code, make_key, only_error,
    socket::{Events, Socket, TRANSPORT},
};

const BALANCE: &str = r#"subscription { balanceChanged(userId: "dora") { version } }"#;

#[tokio::test]
async fn five_hundred_sockets_are_told() {
    const MEMBERS: usize = 50;
    let (gateway, database) = Gateway::new().await;
    let mut opening = JoinSet::new();
    for number in 0..500 {
        let gateway = gateway.clone();
        opening.spawn(async move {
            let user = number % MEMBERS;
            let query =
                format!("subscription {{ balanceChanged(userId: \"m{user}\") {{ version balance {{ available }} }} }}");
            let mut socket = Socket::with(&gateway, &query).await;
            assert_eq!(socket.event().await, Value::Null);
            socket
        });
    }
    let sockets = opening.join_all().await;
    let other = Gateway::over(&database.url(), &gateway.key).await;
    let batch = "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) { __typename } }";
    for (gateway, key) in [(&gateway, "1"), (&other, "2")] {
        let input = |user| json!({ "userId": format!("m{user}"), "rule": "SIGN_IN", "idempotencyKey": key });
        let inputs: Vec<_> = (0..MEMBERS).map(input).collect();
        gateway.ask(batch, json!({ "inputs": inputs })).await;
    }
    let mut reading = JoinSet::new();
    for mut socket in sockets {
        reading.spawn(async move {
            let events = socket.until(|account| account["version"] == 2).await;
            assert!(events.len() <= 2, "{events:?}");
            assert_eq!(events[events.len() - 1]["balance"]["available"], 10);
        });
    }
    reading.join_all().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off_and_holds_nobody_up() {
    let (gateway, _database) = Gateway::new().await;
    let batch = "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) { __typename } }";
    let input = |key| json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": format!("k{key}") });
    let inputs: Vec<_> = (0..400).map(input).collect();
    gateway.ask(batch, json!({ "inputs": inputs })).await;

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(gateway.address).await.unwrap();
    let mut request = format!("ws://{}/graphql/ws", gateway.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", TRANSPORT.parse().unwrap());
    let (mut slow, _) = client_async(request, stream).await.unwrap();
    let payload = json!({ "authorization": format!("Bearer {}", gateway.key) });
    slow.send(Message::text(json!({ "type": "connection_init", "payload": payload }).to_string())).await.unwrap();
    assert!(slow.next().await.unwrap().unwrap().is_text());
    let entries = "subscription { entryAdded(userId: \"dora\", after: 0) { seq kind contra occurredAt recordedAt
        a: contra b: contra c: occurredAt d: occurredAt e: occurredAt f: occurredAt g: occurredAt h: occurredAt } }";
    for id in 0..MAX_REQUESTS - 1 {
        let subscribe = json!({ "type": "subscribe", "id": id.to_string(), "payload": { "query": entries } });
        slow.send(Message::text(subscribe.to_string())).await.unwrap();
    }
    // meanwhile another is told as ever
    let mut quick = Socket::with(&gateway, BALANCE).await;
    quick.event().await;
    let begun = Instant::now();
    let mut version = 400;
    while begun.elapsed() < PATIENCE + Duration::from_secs(8) {
        gateway.sign_in("dora", &version.to_string()).await.unwrap();
        version += 1;
        let event = tokio::time::timeout(Duration::from_secs(5), quick.event()).await.unwrap();
        assert_eq!(event, json!({ "version": version }));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut received = 0;
    while let Ok(Some(Ok(message))) = tokio::time::timeout(Duration::from_secs(5), slow.next()).await {
        received += usize::from(message.is_text());
    }
    assert!(received < 400 * (MAX_REQUESTS - 1), "{received} events were kept for it");
    assert!(slow.send(Message::text("{}")).await.is_err() || slow.next().await.is_none_or(|message| message.is_err()));
}

#[tokio::test]
async fn a_socket_has_so_many_subscriptions_and_no_more() {
    let (gateway, _database) = Gateway::new().await;
    let mut socket = Socket::of(&gateway).await;
    for number in 0..MAX_REQUESTS {
        let id = number.to_string();
        socket.subscribe(&id, BALANCE).await;
        socket.event_of(&id).await;
    }
    assert_eq!(code(&only_error(socket.ask("more", BALANCE).await).unwrap()), "OVERLOADED");
    assert_eq!(code(&only_error(socket.ask("more", "{ __typename }").await).unwrap()), "OVERLOADED");
    socket.send(json!({ "type": "complete", "id": "0" })).await;
    assert_eq!(socket.receive().await, json!({ "type": "complete", "id": "0" }));
    socket.subscribe("more", BALANCE).await;
    assert_eq!(socket.event_of("more").await, Value::Null);
}

#[tokio::test]
async fn a_socket_that_floods_is_closed() {
    let (gateway, _database) = Gateway::new().await;
    for payload in [json!({ "authorization": format!("Bearer {}", gateway.key) }), json!({})] {
        let mut socket = Socket::greeted(&gateway, payload).await;
        for number in 0..20 * MAX_REQUESTS {
            let request = json!({ "query": "{ __typename }" });
            // which fails once it is closed
            if socket.offer(json!({ "type": "subscribe", "id": number.to_string(), "payload": request })).await.is_err()
            {
                break;
            }
        }
        socket.ended().await;
    }
}

#[tokio::test]
async fn the_connections_of_a_revoked_key_end() {
    let (gateway, database) = Gateway::new().await;
    let screen = gateway.with_key(&make_key(&database, "screen", &["read"], None).await);
    let mut stays = Socket::with(&gateway, BALANCE).await;
    let mut ends = Socket::with(&screen, BALANCE).await;
    let mut events = Events::of(&screen, BALANCE).await;
    assert_eq!((stays.event().await, ends.event().await), (Value::Null, Value::Null));
    assert_eq!(events.next().await.unwrap().0, "next");
    let begun = Instant::now();
    let revoke = "select api.revoke_client('screen')";
    database.client_as("jifen_operator").await.batch_execute(revoke).await.unwrap();
    let (status, reason) = ends.closed().await;
    assert!(status == 4403 && reason.contains("valid API key"), "{status} {reason}");
    let (event, error) = events.next().await.unwrap();
    assert_eq!((event.as_str(), code(&only_error(error).unwrap())), ("next", "UNAUTHENTICATED"));
    assert_eq!(events.next().await.unwrap().0, "complete");
    assert!(begun.elapsed() < BEAT * 3, "{:?}", begun.elapsed());
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(stays.event().await, json!({ "version": 1 }));
}

#[tokio::test]
async fn a_socket_that_does_not_greet_is_closed() {
    let (gateway, _database) = Gateway::new().await;
    let (status, reason) = Socket::open(&gateway, TRANSPORT).await.closed().await;
    assert_eq!((status, reason.as_str()), (4408, "Connection initialisation timeout"));
}
