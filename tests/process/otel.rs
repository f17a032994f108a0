//! What a collector of OpenTelemetry gets.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    Directory,
    program::{Serving, jifen},
};
use crate::common::Database;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// A field of a message of protobuf.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    let (number, rest) = bytes.split_at(length);
    *bytes = rest;
    number.iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f))
}

/// The values of a field, by its number.
fn values(mut message: &[u8], wanted: u64) -> Vec<Value<'_>> {
    let mut values = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut message)),
            kind => {
                let length = match kind {
                    1 => 8,
                    2 => varint(&mut message) as usize,
                    5 => 4,
                    other => panic!("{other}"),
                };
                let (bytes, rest) = message.split_at(length);
                message = rest;
                Value::Bytes(bytes)
            }
        };
        if tag >> 3 == wanted {
            values.push(value);
        }
    }
    values
}

fn messages(message: &[u8], field: u64) -> Vec<&[u8]> {
    let bytes = |value| match value {
        Value::Bytes(bytes) => bytes,
        Value::Number(number) => panic!("{number}"),
    };
    values(message, field).into_iter().map(bytes).collect()
}

fn text(message: &[u8], field: u64) -> String {
    messages(message, field).first().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).unwrap_or_default()
}

fn hex(message: &[u8], field: u64) -> String {
    messages(message, field).concat().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An attribute of a span, an event or a resource, of which they are the field.
fn attribute(message: &[u8], field: u64, name: &str) -> Option<String> {
    let attribute = messages(message, field).into_iter().find(|attribute| text(attribute, 1) == name)?;
    let value = messages(attribute, 2)[0];
    Some(match values(value, 3).first() {
        Some(Value::Number(number)) => number.to_string(),
        _ => text(value, 1),
    })
}

// The collector answers while the test waits for the gateway's end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_a_span_of_each_request_that_goes_on_from_the_callers() {
    let got = Arc::new(Mutex::new(Vec::<Vec<u8>>::new()));
    let keep = got.clone();
    let app = Router::new().route(
        "/v1/traces",
        post(async move |headers: HeaderMap, body: Bytes| {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            keep.lock().unwrap().push(body.to_vec());
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let directory = Directory::new("otel");
    let database = Database::new().await;
    let mut command = jifen(&["serve"]);
    command
        .env("DATABASE_URL", database.url())
        .env("JIFEN_DEV_KEY", "a-key-to-develop-with")
        .env("OTEL_RESOURCE_ATTRIBUTES", "service.name=points")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    let serving = Serving::start(command, &directory.0);
    let gateway = serving.gateway();
    let name = "SignIn".repeat(20);
    let input = r#"{ userId: "dora", rule: "SIGN_IN", idempotencyKey: "1" }"#;
    let query = format!("mutation {name} {{ earnPoints(input: {input}) {{ operation {{ id }} }} }}");
    let request = gateway
        .http
        .post(format!("http://{}/graphql", gateway.address))
        .bearer_auth(&gateway.key)
        .header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
        .header("x-request-id", "order-service.42")
        .json(&json!({ "query": query, "operationName": name }));
    let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    // one that nobody traces, and whose answer says who has it
    gateway.http.get(format!("http://{}/batches/x.csv", gateway.address)).send().await.unwrap();
    // nothing that a stranger makes up is kept
    let strange = Method::from_bytes(b"MADE-UP").unwrap();
    gateway.http.request(strange, format!("http://{}/healthz", gateway.address)).send().await.unwrap();
    let unknown = gateway.http.post(format!("http://{}/graphql", gateway.address)).bearer_auth("jf_unknown");
    unknown.json(&json!({ "query": "{ __typename }", "operationName": "Made" })).send().await.unwrap();
    let stopping = serving.stop("TERM");
    assert_eq!(stopping.code(), Some(0));

    let bodies = got.lock().unwrap().clone();
    let resources: Vec<&[u8]> = bodies.iter().flat_map(|body| messages(body, 1)).collect();
    assert_eq!(attribute(messages(resources[0], 1)[0], 1, "service.name").as_deref(), Some("points"));
    let spans: Vec<&[u8]> =
        resources.iter().flat_map(|resource| messages(resource, 2)).flat_map(|scope| messages(scope, 2)).collect();
    let span = spans.iter().find(|span| hex(span, 1) == TRACE).unwrap();
    assert_eq!((hex(span, 4).as_str(), text(span, 5).as_str()), (PARENT, "POST /graphql"));
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/graphql"),
        ("http.response.status_code", "200"),
        ("graphql.operation.name", &name[..64]),
        ("jifen.request.id", "order-service.42"),
    ] {
        assert_eq!(attribute(span, 9, name).as_deref(), Some(value), "{name}");
    }
    let [event] = messages(span, 11)[..] else { panic!("{} events", messages(span, 11).len()) };
    let operation = &answer["data"]["earnPoints"]["operation"]["id"];
    assert_eq!(attribute(event, 3, "operation").as_deref(), operation.as_str());

    let other = spans.iter().find(|span| text(span, 5) == "GET /batches/{file}").unwrap();
    assert!(hex(other, 1) != TRACE && hex(other, 4).is_empty());
    assert_eq!(attribute(other, 9, "http.response.status_code").as_deref(), Some("401"));
    let made_up = spans.iter().find(|span| text(span, 5) == "HTTP /healthz").unwrap();
    assert_eq!(attribute(made_up, 9, "http.request.method").as_deref(), Some("_OTHER"));
    let named = spans.iter().filter(|span| attribute(span, 9, "graphql.operation.name").is_some());
    assert_eq!(named.count(), 1);
    // the log is as it was
    let log = std::fs::read_to_string(directory.0.join("stderr")).unwrap();
    assert!(!log.contains("otel"), "{log}");
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nobody_up_for_long() {
    let directory = Directory::new("otel-away");
    let database = Database::new().await;
    let mut command = jifen(&["serve"]);
    command
        .env("DATABASE_URL", database.url())
        .env("JIFEN_DEV_KEY", "a-key-to-develop-with")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9");
    let serving = Serving::start(command, &directory.0);
    serving.gateway().sign_in("dora", "1").await.unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(serving.stop("TERM").code(), Some(0));
    assert!(begun.elapsed().as_secs() < 15, "{:?}", begun.elapsed());
}
