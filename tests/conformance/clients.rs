//! Many clients at once, at two gateways on one database: what they see of a few hot accounts is as if one operation had come after
//! the other, also while connections are cut off.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::checker::{Event, History, State, Stream, Time, Told, What, firsts_of};
use crate::{
    common::{Database, MANY, Random, seeds},
    database::assert_laws,
    graphql::{
        Gateway, code, only_error,
        socket::{Socket, TRANSPORT},
    },
};

const MEMBERS: [&str; 3] = ["hot-1", "hot-2", "hot-3"];
const CLIENTS: usize = 10;
/// Longer than anything takes to be answered or told, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(20);
const ANSWER: &str = "operation { id idempotencyKey } entry { seq availableAfter heldAfter } account { version balance { available held } }";

/// What happened at each account.
type Seen = Arc<Mutex<BTreeMap<&'static str, History>>>;

/// One that asks for something, waits for the answer, and asks for more, now at this gateway and now at that.
struct Client {
    gateways: [Gateway; 2],
    number: usize,
    random: Random,
    began: Instant,
    seen: Seen,
    /// What was carried out: the member, the mutation and what it asked for.
    sent: Vec<(&'static str, String, State)>,
    /// Holds that are open: the member, the operation's id and its points.
    holds: Vec<(&'static str, String, i64)>,
}

impl Client {
    fn now(&self) -> Time {
        self.began.elapsed().as_nanos() as Time
    }

    fn note(&self, member: &'static str, event: Event) {
        self.seen.lock().unwrap().entry(member).or_default().events.push(event);
    }

    async fn run(mut self, count: usize) {
        for number in 0..count {
            let member = self.random.pick(&MEMBERS);
            let key = format!("{}-{number}", self.number);
            let points = self.random.of(1..40);
            match self.random.of(0..12) {
                0..=3 => self.read(member).await,
                4 | 5 => {
                    let input = format!(r#"points: {points}, reason: "a gift", actor: "tester""#);
                    let asked = State { available: points, held: 0 };
                    self.write(member, "adjustPoints", &input, &key, asked).await;
                }
                6 => {
                    let asked = State { available: 5, held: 0 };
                    self.write(member, "earnPoints", r#"rule: "SIGN_IN""#, &key, asked).await;
                }
                7 | 8 => {
                    let asked = State { available: -points, held: 0 };
                    self.write(member, "spendPoints", &format!("points: {points}"), &key, asked).await;
                }
                9 => {
                    let asked = State { available: -points, held: points };
                    let held = self.write(member, "holdPoints", &format!("points: {points}"), &key, asked).await;
                    self.holds.extend(held.map(|id| (member, id, points)));
                }
                10 => self.close(&key).await,
                _ => self.again().await,
            }
        }
    }

    /// Captures a hold in part, or releases it.
    async fn close(&mut self, key: &str) {
        let Some((member, hold, held)) = self.holds.pop() else { return };
        let captured = self.random.of(0..held + 1);
        let asked = State { available: held - captured, held: -held };
        let (mutation, input) = match captured {
            0 => ("releaseHold", format!(r#"holdId: "{hold}""#)),
            _ => ("captureHold", format!(r#"holdId: "{hold}", points: {captured}"#)),
        };
        self.write(member, mutation, &input, key, asked).await;
    }

    /// Sends what was carried out once more.
    async fn again(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let place = self.random.of(0..self.sent.len() as i64) as usize;
        let (member, mutation, asked) = self.sent[place].clone();
        self.send(member, mutation, asked).await;
    }

    async fn read(&mut self, member: &'static str) {
        let query = format!(r#"{{ account(userId: "{member}") {{ version balance {{ available held }} }} }}"#);
        let begin = self.now();
        let gateway = self.random.pick(&[0, 1]);
        let response = only_error(self.gateways[gateway].send(&query, json!({})).await);
        let end = self.now();
        match response {
            Ok(error) => assert_eq!(error["extensions"]["retryable"], true, "{error}"),
            Err(data) => {
                let (version, state) = balance(&data["account"]);
                self.note(member, Event { begin, end, what: What::Read { version, state } });
            }
        }
    }

    /// The operation's id, if it was carried out.
    async fn write(
        &mut self,
        member: &'static str,
        mutation: &str,
        input: &str,
        key: &str,
        asked: State,
    ) -> Option<String> {
        let input = format!(r#"{{ userId: "{member}", {input}, idempotencyKey: "{key}" }}"#);
        let mutation = format!("mutation {{ written: {mutation}(input: {input}) {{ {ANSWER} }} }}");
        let written = self.send(member, mutation.clone(), asked).await?;
        self.sent.push((member, mutation, asked));
        Some(written)
    }

    /// Sends a mutation until it is answered.
    async fn send(&mut self, member: &'static str, mutation: String, asked: State) -> Option<String> {
        let (begin, begun) = (self.now(), Instant::now());
        loop {
            assert!(begun.elapsed() < PATIENCE, "not answered within {PATIENCE:?}: {mutation}");
            let gateway = self.random.pick(&[0, 1]);
            let response = only_error(self.gateways[gateway].send(&mutation, json!({})).await);
            let end = self.now();
            match response {
                Ok(error) if error["extensions"]["retryable"] == true => tokio::time::sleep(PAUSE).await,
                Ok(error) => {
                    assert_eq!(code(&error), "INSUFFICIENT_POINTS", "{error}");
                    let available = error["extensions"]["details"]["available"].as_i64().unwrap();
                    let what = What::Refused { asked: -asked.available, available };
                    self.note(member, Event { begin, end, what });
                    return None;
                }
                Err(data) => {
                    let written = &data["written"];
                    let number = |name: &str| written["entry"][name].as_i64().unwrap();
                    let key = written["operation"]["idempotencyKey"].as_str().unwrap().to_owned();
                    let after = State { available: number("availableAfter"), held: number("heldAfter") };
                    let what = What::Write { key, asked, version: number("seq") as usize, after };
                    self.note(member, Event { begin, end, what });
                    // the account as it was when the batch ended
                    let (version, state) = balance(&written["account"]);
                    self.note(member, Event { begin, end, what: What::Read { version, state } });
                    return Some(written["operation"]["id"].as_str().unwrap().to_owned());
                }
            }
        }
    }
}

/// The version of an account and its state; null: there is none yet.
fn balance(account: &Value) -> (usize, State) {
    if account.is_null() {
        return (0, State::default());
    }
    let number = |name: &str| account["balance"][name].as_i64().unwrap();
    (account["version"].as_u64().unwrap() as usize, State { available: number("available"), held: number("held") })
}

/// One that follows an account until it has been told the last version.
struct Follower {
    gateways: [Gateway; 2],
    member: &'static str,
    random: Random,
    began: Instant,
    stream: Stream,
    last: watch::Receiver<Option<HashMap<&'static str, usize>>>,
}

impl Follower {
    async fn run(mut self) -> (&'static str, Stream) {
        let mut told = (self.told(), Instant::now());
        while !self.is_done() {
            self.connect().await;
            if self.told() > told.0 || self.last.borrow().is_none() {
                told = (self.told(), Instant::now());
            }
            let (member, Stream { every, .. }) = (self.member, &self.stream);
            assert!(told.1.elapsed() < PATIENCE, "told nothing of {member} after {} (every: {every})", told.0);
            tokio::time::sleep(PAUSE).await;
        }
        (self.member, self.stream)
    }

    fn is_done(&mut self) -> bool {
        let told = self.told();
        self.last.borrow_and_update().as_ref().is_some_and(|last| last[self.member] <= told)
    }

    fn told(&self) -> usize {
        self.stream.told.last().map_or(0, |told| told.version)
    }

    async fn connect(&mut self) {
        let gateway = &self.gateways[self.random.of(0..2) as usize];
        let (member, told) = (self.member, self.told());
        let subscription = if self.stream.every {
            format!(r#"entryAdded(userId: "{member}", after: {told}) {{ seq availableAfter heldAfter }}"#)
        } else {
            format!(
                r#"balanceChanged(userId: "{member}", afterVersion: {told}) {{ version balance {{ available held }} }}"#
            )
        };
        let mut socket = Socket::open(gateway, TRANSPORT).await;
        let payload = json!({ "authorization": format!("Bearer {}", gateway.key) });
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        // the database may be away just now
        if socket.try_receive().await.is_none() {
            return;
        }
        let mut subscribed = Some(self.began.elapsed().as_nanos() as Time);
        socket.subscribe("s", &format!("subscription {{ {subscription} }}")).await;
        for _ in 0..self.random.of(5..200) {
            let mut last = self.last.clone();
            let event = tokio::select! {
                event = socket.try_receive() => event,
                _ = last.changed() => return,
            };
            let Some(event) = event else { return };
            assert_eq!(event["type"], "next", "{event}");
            let at = self.began.elapsed().as_nanos() as Time;
            let data = &event["payload"]["data"];
            let (version, state) = if self.stream.every {
                let entry = &data["entryAdded"];
                let number = |name: &str| entry[name].as_i64().unwrap();
                (number("seq") as usize, State { available: number("availableAfter"), held: number("heldAfter") })
            } else {
                balance(&data["balanceChanged"])
            };
            self.stream.told.push(Told { subscribed: subscribed.take(), at, version, state });
            if self.is_done() {
                return;
            }
        }
    }
}

/// Ends connections of gateways at random, until told to stop.
async fn cut(database: Arc<Database>, seed: u64, stop: Arc<AtomicBool>) {
    let (client, mut random) = (database.client().await, Random::new(seed));
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and random() < 0.2";
    while !stop.load(Ordering::Relaxed) {
        client.batch_execute(cut).await.unwrap();
        tokio::time::sleep(Duration::from_millis(random.of(20..300) as u64)).await;
    }
}

/// How many answers and events of subscriptions were looked at.
async fn history(seed: u64, count: usize, faults: bool) -> usize {
    let (first, database) = Gateway::new().await;
    let (second, _stop) = Gateway::stoppable(&database.url(), &first.key).await;
    let (gateways, database, began) = ([first, second], Arc::new(database), Instant::now());
    let seen = Seen::default();
    let (tell, last) = watch::channel(None);
    let mut followers = JoinSet::new();
    for (number, member) in MEMBERS.iter().cycle().take(4 * MEMBERS.len()).enumerate() {
        let follower = Follower {
            gateways: gateways.clone(),
            member,
            random: Random::new(seed * 1_000 + 500 + number as u64),
            began,
            stream: Stream { told: Vec::new(), every: (number / MEMBERS.len()).is_multiple_of(2) },
            last: last.clone(),
        };
        followers.spawn(follower.run());
    }
    let stop = Arc::new(AtomicBool::new(false));
    let cutting = faults.then(|| tokio::spawn(cut(database.clone(), seed, stop.clone())));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let client = Client {
            gateways: gateways.clone(),
            number,
            random: Random::new(seed * 1_000 + number as u64),
            began,
            seen: seen.clone(),
            sent: Vec::new(),
            holds: Vec::new(),
        };
        clients.spawn(client.run(count));
    }
    clients.join_all().await;
    stop.store(true, Ordering::Relaxed);
    if let Some(cutting) = cutting {
        cutting.await.unwrap();
    }
    let mut histories = std::mem::take(&mut *seen.lock().unwrap());
    let newest = |history: &History| {
        let versions = history.events.iter().map(|event| match event.what {
            What::Write { version, .. } => version,
            _ => 0,
        });
        versions.max().unwrap_or(0)
    };
    let newest = MEMBERS.map(|member| (member, histories.get(member).map_or(0, newest)));
    tell.send_replace(Some(HashMap::from(newest)));
    for (member, stream) in followers.join_all().await {
        let history = histories.entry(member).or_default();
        history.events.extend(firsts_of(&stream));
        history.streams.push(stream);
    }
    let mut looked_at = 0;
    for (member, history) in &histories {
        history.check().unwrap_or_else(|wrong| panic!("{member}: {wrong}"));
        let told: usize = history.streams.iter().map(|stream| stream.told.len()).sum();
        looked_at += history.events.len() + told;
    }
    assert_laws(&database.client().await).await;
    looked_at
}

async fn check(histories: u32, count: usize, faults: bool) {
    let (begun, mut looked_at) = (Instant::now(), 0);
    for seed in seeds(histories) {
        looked_at += history(seed, count, faults).await;
    }
    println!("{looked_at} answers and events in {:?} are linearizable", begun.elapsed());
}

#[tokio::test]
async fn what_many_clients_see_is_linearizable() {
    check(1, 60, false).await;
}

#[tokio::test]
async fn what_many_clients_see_is_linearizable_while_connections_are_cut() {
    check(1, 40, true).await;
}

/// As many histories as JIFEN_HISTORIES says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long"]
async fn what_many_clients_see_is_linearizable_at_length() {
    check(MANY, 500, false).await;
}

/// As many histories as JIFEN_HISTORIES says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long"]
async fn what_many_clients_see_is_linearizable_while_connections_are_cut_at_length() {
    check(MANY, 200, true).await;
}
