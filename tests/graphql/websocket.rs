//! GraphQL over WebSocket, with the protocol graphql-transport-ws.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{Gateway, code};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(gateway: &Gateway) -> Socket {
        let mut request = format!("ws://{}/graphql/ws", gateway.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, response) = connect_async(request).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "graphql-transport-ws");
        Socket(socket)
    }

    /// A socket after the handshake with this payload.
    async fn greeted(gateway: &Gateway, payload: Value) -> Socket {
        let mut socket = Socket::open(gateway).await;
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await, json!({ "type": "connection_ack" }));
        socket
    }

    async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        match self.0.next().await.unwrap().unwrap() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// How the server closes it, when it does next.
    async fn closed(&mut self) -> (u16, String) {
        match self.0.next().await.unwrap().unwrap() {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("{other:?}"),
        }
    }

    /// The one response to a request.
    async fn ask(&mut self, id: &str, query: &str) -> Value {
        self.send(json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await;
        let mut next = self.receive().await;
        assert_eq!((&next["type"], &next["id"]), (&json!("next"), &json!(id)));
        assert_eq!(self.receive().await, json!({ "type": "complete", "id": id }));
        next["payload"].take()
    }
}

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
        let mut socket = Socket::open(&gateway).await;
        socket.send(json!({ "type": "connection_init", "payload": { "authorization": authorization } })).await;
        let (_, reason) = socket.closed().await;
        assert!(reason.contains("valid API key"), "{reason}");
    }
}

#[tokio::test]
async fn nothing_is_answered_before_the_handshake() {
    let (gateway, database) = Gateway::new().await;
    let mut socket = Socket::open(&gateway).await;
    socket.send(json!({ "id": "a", "type": "subscribe", "payload": { "query": EARN } })).await;
    socket.closed().await;
    let accounts = "select count(*) from points.account where user_id = 'dora'";
    assert_eq!(database.client().await.query_one(accounts, &[]).await.unwrap().get::<_, i64>(0), 0);
}
