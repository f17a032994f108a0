//! Live balances: ten thousand sockets on one gateway, each following a member's account, and changes spread over them.

use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::gateway::API_KEY;
use crate::http::Connection;
use crate::report::{Report, Row, Target, say};
use crate::requests::{AMOUNT, RULE, Random, first_key, idempotency_key, user_id};
use crate::world::World;
use crate::{Error, Result};

const SOCKETS: usize = 10_000;
const CHANGES_A_SECOND: usize = 2_000;
/// Changes in one request.
const BATCH: usize = 100;
/// Sockets opened at a time.
const OPENING: usize = 50;
const LARGEST_DELAY: f64 = 250.0;
const LARGEST_MEMORY: f64 = 30.0;
const PATIENCE: Duration = Duration::from_secs(30);

/// When each change of a member was sent that has not been delivered yet, and the version that the next one makes.
struct Followed {
    version: u64,
    sent: VecDeque<Instant>,
}

struct Shared {
    followed: Vec<Mutex<Followed>>,
    delays: Mutex<Histogram<u64>>,
}

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let members: Vec<i32> = world.members.iter().flatten().copied().take(SOCKETS).collect();
    let address = world.gateway_address()?;
    say(format!("opening {} sockets", members.len()));
    let before = memory(world)?;
    let shared = Arc::new(Shared {
        followed: members.iter().map(|_| Mutex::new(Followed { version: 0, sent: VecDeque::new() })).collect(),
        delays: Mutex::new(Histogram::new_with_bounds(1, 60_000_000, 3)?),
    });
    let (failed, mut failures) = mpsc::unbounded_channel();
    let mut opening = JoinSet::new();
    for (number, &member) in members.iter().enumerate() {
        if opening.len() >= OPENING {
            opening.join_next().await.ok_or("no socket")???;
        }
        opening.spawn(open(address, number, member, shared.clone(), failed.clone()));
    }
    while let Some(opened) = opening.join_next().await {
        opened??;
    }
    let each = (memory(world)? - before) as f64 / members.len() as f64;
    say(format!("  {each:.1} KiB of the gateway a socket"));
    let name = format!("{} sockets: memory of the gateway a socket", members.len());
    report.add(Row::new(name, each, "KiB").against(LARGEST_MEMORY).wants(Target::AtMost(1.0)));

    for (name, by_sql) in [("by HTTP", false), ("by SQL, of which the gateway hears by NOTIFY", true)] {
        let name = format!("{CHANGES_A_SECOND} changes a second {name}");
        say(&name);
        let usage = world.sample().await?;
        let changes = change(world, &members, &shared, by_sql).await?;
        let usage = world.sample().await? - usage;
        delivered(&shared, &mut failures).await?;
        let delays = std::mem::replace(&mut *lock(&shared.delays), Histogram::new_with_bounds(1, 60_000_000, 3)?);
        if delays.len() != changes {
            report.problem(format!("{name}: {changes} were made, and {} delivered", delays.len()));
        }
        report.add(Row::new(format!("{name}: made"), changes as f64 / usage.seconds, "changes/s"));
        for (label, quantile) in [("p50", 0.5), ("p99", 0.99)] {
            let delay = delays.value_at_quantile(quantile) as f64 / 1000.0;
            say(format!("  {label} from sending to delivery: {delay:.1} ms"));
            let row = Row::new(format!("{name}: from sending to delivery, {label}"), delay, "ms");
            report.add(if quantile > 0.9 { row.against(LARGEST_DELAY).wants(Target::AtMost(1.0)) } else { row });
        }
        usage.report_cpu(report, &name, changes as f64, "us/change");
    }
    Ok(())
}

/// KiB of the gateway that are in memory.
fn memory(world: &World) -> Result<i64> {
    let pid = world.gateway_pid().ok_or("the gateway is stopped")?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Opens a socket and waits for its first event; then takes what comes, in the background.
async fn open(
    address: SocketAddr,
    number: usize,
    member: i32,
    shared: Arc<Shared>,
    failed: mpsc::UnboundedSender<Error>,
) -> Result<()> {
    let mut request = format!("ws://{address}/graphql/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse()?);
    let config = WebSocketConfig::default().read_buffer_size(512).write_buffer_size(512);
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let payload = json!({ "authorization": format!("Bearer {API_KEY}") });
    socket.send(Message::text(json!({ "type": "connection_init", "payload": payload }).to_string())).await?;
    let query = format!(
        "subscription {{ balanceChanged(userId: \"{}\") {{ version balance {{ available pending }} }} }}",
        user_id(member as u64)
    );
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": query } });
    socket.send(Message::text(subscribe.to_string())).await?;
    let version = next_version(&mut socket).await?;
    lock(&shared.followed[number]).version = version;
    tokio::spawn(async move {
        loop {
            match next_version(&mut socket).await {
                Ok(version) => take(&shared, number, version),
                Err(error) => {
                    // At the end nobody listens any more.
                    let _ended = failed.send(error);
                    return;
                }
            }
        }
    });
    Ok(())
}

async fn next_version(socket: &mut WebSocketStream<TcpStream>) -> Result<u64> {
    loop {
        let message = socket.next().await.ok_or("a socket was closed")??;
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text)?;
        if message["type"] == "next" {
            let version = message["payload"]["data"]["balanceChanged"]["version"].as_u64();
            return version.ok_or_else(|| format!("no version: {text}").into());
        }
    }
}

/// Everything up to this version is delivered.
fn take(shared: &Shared, number: usize, version: u64) {
    let now = Instant::now();
    let mut followed = lock(&shared.followed[number]);
    while followed.version < version {
        followed.version += 1;
        if let Some(sent) = followed.sent.pop_front() {
            lock(&shared.delays).saturating_record((now - sent).as_micros() as u64);
        }
    }
}

/// Makes changes at their rate, whether they are quick or not; how many.
async fn change(world: &World, members: &[i32], shared: &Arc<Shared>, by_sql: bool) -> Result<u64> {
    let mut random = Random::new(world.next_measurement());
    let mut key = first_key(world.next_measurement(), 0);
    let mut pace = tokio::time::interval(Duration::from_secs(1) * BATCH as u32 / CHANGES_A_SECOND as u32);
    let begun = Instant::now();
    let mut sending = JoinSet::new();
    let mut changes = 0;
    let client = Arc::new(world.connect().await?);
    while begun.elapsed() < world.scale.measure {
        pace.tick().await;
        let first = random.below(members.len() as u64) as usize;
        let chosen: Vec<usize> = (0..BATCH).map(|number| (first + number * 97) % members.len()).collect();
        let now = Instant::now();
        for &number in &chosen {
            lock(&shared.followed[number]).sent.push_back(now);
        }
        let inputs = chosen.iter().map(|&number| {
            key += 1;
            json!({ "userId": user_id(members[number] as u64), "rule": RULE, "amount": AMOUNT, "idempotencyKey": idempotency_key(key) })
        });
        let inputs: Vec<Value> = inputs.collect();
        changes += BATCH as u64;
        if by_sql {
            let client = client.clone();
            sending.spawn(async move { send_by_sql(&client, inputs).await });
        } else {
            sending.spawn(send_by_http(world.gateway_address()?, inputs));
        }
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(changes)
}

async fn send_by_http(address: SocketAddr, inputs: Vec<Value>) -> Result<()> {
    let query = "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) { __typename } }";
    let body = json!({ "query": query, "variables": { "inputs": inputs } }).to_string();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {API_KEY}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = Connection::open(address).await?;
    let answer = connection.exchange(format!("{head}{body}").as_bytes()).await?;
    let text = String::from_utf8_lossy(answer.body);
    if answer.status != 200 || text.matches("EarnPointsPayload").count() != inputs.len() {
        return Err(format!("{} {}", answer.status, text.chars().take(300).collect::<String>()).into());
    }
    Ok(())
}

/// As a DBA would: each bucket by one call of api.execute, which notifies in its transaction.
async fn send_by_sql(client: &tokio_postgres::Client, inputs: Vec<Value>) -> Result<()> {
    const EXECUTE: &str = "
        select count(*) from (
            select api.bucket(i ->> 'userId') as bucket, array_agg(row('earn', i ->> 'userId', null, 1, i ->> 'idempotencyKey',
                i ->> 'rule', null, null, null, null, (i ->> 'amount')::numeric, null, null, null, null, null, null, null,
                null)::api.request) as requests
            from unnest($1::jsonb[]) i group by 1
        ) b cross join lateral api.execute(b.bucket, b.requests) e where (e.operation).points > 0";
    let done: i64 = client.query_one(EXECUTE, &[&inputs]).await?.get(0);
    if done != inputs.len() as i64 {
        return Err(format!("of {} awards {done} were made", inputs.len()).into());
    }
    Ok(())
}

/// Waits until all is delivered.
async fn delivered(shared: &Shared, failures: &mut mpsc::UnboundedReceiver<Error>) -> Result<()> {
    let all = async {
        while shared.followed.iter().any(|followed| !lock(followed).sent.is_empty()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        waited = timeout(PATIENCE, all) => waited.map_err(|_| "not everything was delivered".into()),
        Some(failure) = failures.recv() => Err(failure),
    }
}
