//! GraphQL over WebSocket, with the protocols graphql-transport-ws and graphql-ws.

use serde_json::json;

use super::{
    Gateway, code,
    socket::{OLD, Socket, TRANSPORT},
};

const ACCOUNT: &str = r#"{ account(userId: "dora") { version } }"#;
const EARN: &str = r#"mutation {
    earnPoints(input: { userId: "dora", rule: "SIGN_IN", idempotencyKey: "1" }) { replayed entry { seq } }
}"#;

#[tokio::test]
async fn queries_and_mutations_go_over_a_socket() {
    let (gateway, _database) = Gateway::new().await;
    let bearer = format!("Bearer {}", gateway.key);
    for (replayed, name) in [(false, "authorization"), (true, "Authorization")] {
        let mut socket = Socket::greeted(&gateway, json!({ name: bearer })).await;
        let earned = socket.ask("a", EARN).await;
        assert_eq!(earned, json!({ "data": { "earnPoints": { "replayed": replayed, "entry": { "seq": 1 } } } }));
        assert_eq!(socket.ask("b", ACCOUNT).await, json!({ "data": { "account": { "version": 1 } } }));
        socket.send(json!({ "type": "ping" })).await;
        assert_eq!(socket.receive().await["type"], "pong");
    }
}

#[tokio::test]
async fn errors_on_a_socket_have_codes_too() {
    let (gateway, _database) = Gateway::new().await;
    let mut socket = Socket::greeted(&gateway, json!({ "authorization": format!("Bearer {}", gateway.key) })).await;
    for (query, expected) in [
        ("{ nothing }", "INVALID_INPUT"),
        ("{", "INVALID_INPUT"),
        (
            r#"mutation { spendPoints(input: { userId: "dora", points: 1, idempotencyKey: "2" }) { replayed } }"#,
            "INSUFFICIENT_POINTS",
        ),
    ] {
        let response = socket.ask("a", query).await;
        assert_eq!(code(&response["errors"][0]), expected, "{response}");
        assert_eq!(response["data"], json!(null));
    }
}

#[tokio::test]
async fn without_a_key_a_socket_opens_and_its_fields_are_refused() {
    let (gateway, _database) = Gateway::new().await;
    let mut socket = Socket::greeted(&gateway, json!(null)).await;
    for query in [ACCOUNT, EARN] {
        let response = socket.ask("a", query).await;
        assert_eq!(code(&response["errors"][0]), "UNAUTHENTICATED", "{query}");
    }
    // the schema is public
    assert_eq!(socket.ask("a", "{ __typename }").await, json!({ "data": { "__typename": "Query" } }));
}

#[tokio::test]
async fn a_wrong_key_is_refused_at_the_handshake() {
    let (gateway, _database) = Gateway::new().await;
    for authorization in ["Bearer jf_unknown_key", "", &gateway.key] {
        let mut socket = Socket::open(&gateway, TRANSPORT).await;
        socket.send(json!({ "type": "connection_init", "payload": { "authorization": authorization } })).await;
        let (_, reason) = socket.closed().await;
        assert!(reason.contains("valid API key"), "{reason}");
    }
}

#[tokio::test]
async fn nothing_is_answered_before_the_handshake() {
    let (gateway, database) = Gateway::new().await;
    let mut socket = Socket::open(&gateway, TRANSPORT).await;
    socket.send(json!({ "id": "a", "type": "subscribe", "payload": { "query": EARN } })).await;
    socket.closed().await;
    let accounts = "select count(*) from points.account where user_id = 'dora'";
    assert_eq!(database.client().await.query_one(accounts, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn the_older_protocol_does_as_well() {
    let (gateway, _database) = Gateway::new().await;
    let mut socket = Socket::open(&gateway, OLD).await;
    socket.greet(json!({ "authorization": format!("Bearer {}", gateway.key) })).await;
    socket.ask("a", EARN).await;
    socket.subscribe("s", r#"subscription { balanceChanged(userId: "dora") { version } }"#).await;
    assert_eq!(socket.event().await, json!({ "version": 1 }));
    gateway.sign_in("dora", "2").await.unwrap();
    assert_eq!(socket.event().await, json!({ "version": 2 }));
    socket.send(json!({ "id": "s", "type": "stop" })).await;
    assert_eq!(socket.receive().await, json!({ "id": "s", "type": "complete" }));
}

#[tokio::test]
async fn a_socket_without_a_protocol_that_is_known_is_refused() {
    let (gateway, _database) = Gateway::new().await;
    let request = gateway.http.get(format!("http://{}/graphql/ws", gateway.address));
    let request = request.header("connection", "upgrade").header("upgrade", "websocket");
    let request = request.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert!(response.text().await.unwrap().contains("graphql-transport-ws"));
}
