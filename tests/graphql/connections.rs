//! How long callers may take for what they send, and how many connections there may be.

use std::time::{Duration, Instant};

use jifen::config::{Exposure, Limits};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{
    Gateway, make_key,
    socket::{Events, Socket},
    until,
};
use crate::common::Database;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: jifen\r\n\r\n";
const LIVE: &str = r#"subscription { balanceChanged(userId: "dora") { version } }"#;
/// A limit that nothing has to keep.
const SHORT: Duration = Duration::from_millis(300);
/// One that something has to keep, on a busy machine, too.
const LONG: Duration = Duration::from_secs(2);

async fn gateway(limits: Limits) -> (Gateway, Database) {
    let database = Database::new().await;
    let key = make_key(&database, "test", &["earn", "read"], None).await;
    let exposure = Exposure { limits, ..Exposure::default() };
    let (gateway, stop) = Gateway::with(&database.url(), &key, None, &exposure).await;
    std::mem::forget(stop);
    (gateway, database)
}

async fn connect(gateway: &Gateway) -> TcpStream {
    TcpStream::connect(gateway.address).await.unwrap()
}

/// Sends a request and reads its answer, of which the connection has more to come.
async fn is_healthy(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    if stream.write_all(HEALTH.as_bytes()).await.is_err() {
        return false;
    }
    while !answer.ends_with(b"ok\n") {
        let read = timeout(Duration::from_secs(30), stream.read_buf(&mut answer)).await.expect("no answer");
        if !read.is_ok_and(|length| length > 0) {
            return false;
        }
    }
    true
}

/// All that comes until the gateway closes or cuts the connection.
async fn to_its_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // An error is an end, too.
    timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await.expect("it stays open").ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes the bytes so many at a time, with pauses, as far as the gateway takes them, and then reads to the end.
async fn dribble(mut stream: TcpStream, bytes: &[u8], at_a_time: usize) -> String {
    let (mut reads, mut writes) = stream.split();
    let write = async {
        for part in bytes.chunks(at_a_time) {
            if writes.write_all(part).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = write => {}
        read = timeout(Duration::from_secs(30), reads.read_to_end(&mut answer)) => {
            // An error is an end, too.
            read.expect("it stays open").ok();
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The head of a request with a body of so many bytes; the connection ends with its answer.
fn head(gateway: &Gateway, path: &str, content_type: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: jifen\r\nauthorization: Bearer {}\r\ncontent-type: {content_type}\r\n\
         idempotency-key: file\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n",
        gateway.key
    )
}

#[tokio::test]
async fn a_connection_whose_first_request_does_not_come_is_closed() {
    let (gateway, _database) = gateway(Limits { header_timeout: LONG, ..Limits::default() }).await;
    let mut silent = connect(&gateway).await;
    let begun = Instant::now();
    let endless = format!("GET /healthz HTTP/1.1\r\nx: {}", "a".repeat(10_000));
    assert_eq!(dribble(connect(&gateway).await, endless.as_bytes(), 1).await, "");
    assert!(begun.elapsed() >= LONG);
    assert_eq!(to_its_end(&mut silent).await, "");
    // nobody else is hurt, and one who has asked in time has time
    let mut quick = connect(&gateway).await;
    assert!(is_healthy(&mut quick).await);
    sleep(LONG + SHORT).await;
    assert!(is_healthy(&mut quick).await);
}

#[tokio::test]
async fn a_connection_that_is_kept_alive_is_closed_when_it_is_idle() {
    let (gateway, _database) = gateway(Limits { idle_timeout: LONG, ..Limits::default() }).await;
    let (mut idle, mut dribbled) = (connect(&gateway).await, connect(&gateway).await);
    assert!(is_healthy(&mut idle).await && is_healthy(&mut dribbled).await);
    assert!(is_healthy(&mut idle).await);
    let answered = Instant::now();
    assert_eq!(to_its_end(&mut idle).await, "");
    assert!(answered.elapsed() >= LONG.mul_f64(0.8), "{:?}", answered.elapsed());
    assert_eq!(dribble(dribbled, "x".repeat(10_000).as_bytes(), 1).await, "");
}

#[tokio::test]
async fn a_body_that_stands_still_or_crawls_is_refused() {
    let (gateway, _database) = gateway(Limits { body_timeout: SHORT, ..Limits::default() }).await;
    let request = format!("{}{{", head(&gateway, "/graphql", "application/json", 1000));
    let (mut stalled, mut crawling) = (connect(&gateway).await, connect(&gateway).await);
    for stream in [&mut stalled, &mut crawling] {
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    for answer in [dribble(crawling, &[b' '; 900], 5).await, to_its_end(&mut stalled).await] {
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert_eq!(body["errors"][0]["message"], "the body did not come in time");
    }
    let mut file = connect(&gateway).await;
    file.write_all(format!("{}user_id,ki", head(&gateway, "/batches", "text/csv", 1000)).as_bytes()).await.unwrap();
    let answer = to_its_end(&mut file).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("timed out"), "{answer}");
}

#[tokio::test]
async fn what_comes_slowly_but_steadily_is_taken() {
    let (gateway, _database) = gateway(Limits { body_timeout: LONG, ..Limits::default() }).await;
    let rows: String = (100..300).map(|row| format!("u{row},earn,slow-{row},SIGN_IN\n")).collect();
    let file = format!("user_id,kind,idempotency_key,rule\n{rows}");
    let query = format!("{:<5000}", json!({ "query": "{ __typename }" }).to_string());
    // 150 pieces, each after 20 ms at least
    let send = async |path: &str, content_type: &str, body: &str| {
        let mut stream = connect(&gateway).await;
        stream.write_all(head(&gateway, path, content_type, body.len()).as_bytes()).await.unwrap();
        dribble(stream, body.as_bytes(), body.len() / 150).await
    };
    let begun = Instant::now();
    let (batch, answer) =
        tokio::join!(send("/batches", "text/csv", &file), send("/graphql", "application/json", &query));
    assert!(begun.elapsed() > LONG, "{:?}", begun.elapsed());
    assert!(batch.starts_with("HTTP/1.1 202 "), "{batch}");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn subscriptions_outlast_all_limits_on_time() {
    let limits = Limits { header_timeout: LONG, idle_timeout: LONG, body_timeout: LONG, ..Limits::default() };
    let (gateway, _database) = gateway(limits).await;
    let mut socket = Socket::with(&gateway, LIVE).await;
    let mut events = Events::of(&gateway, LIVE).await;
    assert_eq!(socket.event().await, Value::Null);
    events.next().await.unwrap();
    sleep(LONG + SHORT).await;
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(socket.event().await, json!({ "version": 1 }));
    assert_eq!(events.next().await.unwrap().1["data"]["balanceChanged"], json!({ "version": 1 }));
}

#[tokio::test]
async fn whoever_comes_when_all_places_are_taken_waits_for_one() {
    let (gateway, _database) = gateway(Limits { max_connections: 2, ..Limits::default() }).await;
    let socket = Socket::of(&gateway).await;
    let mut second = connect(&gateway).await;
    assert!(is_healthy(&mut second).await);
    let mut third = connect(&gateway).await;
    let mut waiting = Box::pin(is_healthy(&mut third));
    assert!(timeout(SHORT, &mut waiting).await.is_err());
    // a socket has the place of the connection that it was
    drop(socket);
    assert!(waiting.await && is_healthy(&mut second).await);
}

#[tokio::test]
async fn an_address_has_no_more_connections_than_it_may() {
    let (gateway, _database) = gateway(Limits { max_connections_per_address: Some(2), ..Limits::default() }).await;
    let socket = Socket::of(&gateway).await;
    let mut second = connect(&gateway).await;
    assert!(is_healthy(&mut second).await);
    assert!(!is_healthy(&mut connect(&gateway).await).await);
    drop(socket);
    until("there is room again", async || is_healthy(&mut connect(&gateway).await).await).await;
    assert!(is_healthy(&mut second).await);
}
