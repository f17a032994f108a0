//! A client of GraphQL over WebSocket, in either protocol, and one of server-sent events.

use std::{collections::VecDeque, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::Gateway;

pub const TRANSPORT: &str = "graphql-transport-ws";
pub const OLD: &str = "graphql-ws";
/// Longer than anything takes that is to come at all, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Names of the messages that ask and answer.
    names: (&'static str, &'static str),
    /// Events that were not asked for yet.
    waiting: VecDeque<(String, Value)>,
}

impl Socket {
    pub async fn open(gateway: &Gateway, protocol: &str) -> Socket {
        let mut request = format!("ws://{}/graphql/ws", gateway.address).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        let (stream, response) = connect_async(request).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], protocol);
        let names = if protocol == OLD { ("start", "data") } else { ("subscribe", "next") };
        Socket { stream, names, waiting: VecDeque::new() }
    }

    /// A socket after the handshake with this payload.
    pub async fn greeted(gateway: &Gateway, payload: Value) -> Socket {
        let mut socket = Socket::open(gateway, TRANSPORT).await;
        socket.greet(payload).await;
        socket
    }

    /// A socket with the gateway's key.
    pub async fn of(gateway: &Gateway) -> Socket {
        Socket::greeted(gateway, json!({ "authorization": format!("Bearer {}", gateway.key) })).await
    }

    /// A socket with this subscription.
    pub async fn with(gateway: &Gateway, subscription: &str) -> Socket {
        let mut socket = Socket::of(gateway).await;
        socket.subscribe("s", subscription).await;
        socket
    }

    pub async fn greet(&mut self, payload: Value) {
        self.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(self.receive().await, json!({ "type": "connection_ack" }));
    }

    pub async fn send(&mut self, message: Value) {
        self.stream.send(Message::text(message.to_string())).await.unwrap();
    }

    pub async fn offer(&mut self, message: Value) -> Result<(), Error> {
        self.stream.send(Message::text(message.to_string())).await
    }

    pub async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({ "id": id, "type": self.names.0, "payload": { "query": query } })).await;
    }

    async fn message(&mut self) -> Option<Result<Message, Error>> {
        let stream = &mut self.stream;
        let next = async {
            loop {
                let message = stream.next().await;
                if !matches!(message, Some(Ok(Message::Ping(_) | Message::Pong(_)))) {
                    return message;
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("nothing comes")
    }

    /// The next message, as it is; None: the connection has ended.
    pub async fn try_receive(&mut self) -> Option<Value> {
        match self.message().await {
            Some(Ok(Message::Text(text))) => Some(serde_json::from_str(&text).unwrap()),
            _ => None,
        }
    }

    pub async fn receive(&mut self) -> Value {
        self.try_receive().await.expect("the connection has ended")
    }

    /// How the server closes it, when it does next.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.message().await.unwrap().unwrap() {
                Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
                Message::Text(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Waits until the gateway has closed or cut the connection, whatever it said before.
    pub async fn ended(&mut self) {
        while let Some(Ok(message)) = self.message().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
        }
    }

    /// The next response of a subscription.
    pub async fn response(&mut self, id: &str) -> Value {
        if let Some(place) = self.waiting.iter().position(|(of, _)| of == id) {
            return self.waiting.remove(place).unwrap().1;
        }
        loop {
            let mut message = self.receive().await;
            assert_eq!(message["type"], self.names.1, "{message}");
            if message["id"] == id {
                return message["payload"].take();
            }
            self.waiting.push_back((message["id"].as_str().unwrap().to_owned(), message["payload"].take()));
        }
    }

    /// The field of the next event of the subscription `s`.
    pub async fn event(&mut self) -> Value {
        self.event_of("s").await
    }

    pub async fn event_of(&mut self, id: &str) -> Value {
        let mut response = self.response(id).await;
        assert_eq!(response["errors"], Value::Null, "{response}");
        response["data"].as_object_mut().unwrap().values_mut().next().unwrap().take()
    }

    /// Events of the subscription `s` up to one for which this holds.
    pub async fn until(&mut self, mut condition: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            let event = self.event().await;
            let found = condition(&event);
            events.push(event);
            if found {
                return events;
            }
        }
    }

    /// The one response to a request.
    pub async fn ask(&mut self, id: &str, query: &str) -> Value {
        self.subscribe(id, query).await;
        let response = self.response(id).await;
        assert_eq!(self.receive().await, json!({ "type": "complete", "id": id }));
        response
    }
}

/// A stream of server-sent events.
pub struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    pub async fn of(gateway: &Gateway, query: &str) -> Events {
        let request = gateway
            .http
            .post(format!("http://{}/graphql", gateway.address))
            .bearer_auth(&gateway.key)
            .header("accept", "text/event-stream")
            .json(&json!({ "query": query }));
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { response, text: String::new() }
    }

    /// The next event and its data; None: the stream has ended.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n").map(|(e, r)| (e.to_owned(), r.to_owned())) {
                self.text = rest;
                // what keeps the connection alive
                if event.starts_with(':') {
                    continue;
                }
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
                let data = field("data:");
                let data = if data.is_empty() { Value::Null } else { serde_json::from_str(data).unwrap() };
                return Some((field("event:").to_owned(), data));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("nothing comes");
            self.text += std::str::from_utf8(&chunk.ok()??).unwrap();
        }
    }
}
