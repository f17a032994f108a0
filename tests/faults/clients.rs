//! Clients that ask until they are answered, and keep what they were answered: the record against which the books are
//! held in the end. Nothing in it comes from the database by another way.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::seed;
use crate::{common::Random, database::assert_laws};

/// Within this a gateway answers, whatever happens: half of it in the queue and at work, and the rest for the caller's key
/// and on a machine that is busy with other tests.
pub const DEADLINE: Duration = Duration::from_secs(40);
/// How long a client goes on asking.
const PATIENCE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(30);
const MEMBERS: i64 = 12;
/// How each key of theirs begins, so that what carries it can be told from all else on its way.
pub const KEYS: &str = "fault-";
/// Refusals that a client of this file must expect. A hold is unknown if it was lost: then asking for it again finds that, too.
const REFUSALS: [&str; 2] = ["INSUFFICIENT_POINTS", "UNKNOWN_OPERATION"];

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct Ask {
    field: &'static str,
    user: String,
    /// Who receives a transfer, or the id of a hold.
    other: String,
    points: i64,
    pub key: String,
}

impl Ask {
    fn query(&self) -> Value {
        let Ask { field, user, other, points, key } = self;
        let mut input = json!({ "userId": user, "idempotencyKey": key });
        match *field {
            "releaseHold" | "captureHold" => input["holdId"] = json!(other),
            _ => input["points"] = json!(points),
        }
        match *field {
            "earnPoints" => input["rule"] = json!("TASK"),
            "transferPoints" => input["toUserId"] = json!(other),
            _ => {}
        }
        let kind = format!("{}{}Input", field[..1].to_uppercase(), &field[1..]);
        let query = format!(
            "mutation($input: {kind}!) {{ {field}(input: $input) {{ replayed operation {{ id points }}
             entry {{ seq availableDelta heldDelta availableAfter heldAfter }} }} }}"
        );
        json!({ "query": query, "variables": { "input": input } })
    }

    pub fn is_award(&self) -> bool {
        self.field == "earnPoints"
    }

    /// What it moves: available and held.
    fn deltas(&self) -> (i64, i64) {
        match self.field {
            "earnPoints" => (self.points, 0),
            "holdPoints" => (-self.points, self.points),
            "releaseHold" => (self.points, -self.points),
            "captureHold" => (0, -self.points),
            _ => (-self.points, 0),
        }
    }
}

/// What a client is answered, as far as that is the same for ever.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Done { operation: String, points: i64, entry: Value },
    Refused(String),
}

/// What was acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    pub ask: Ask,
    pub answer: Answer,
    pub at: Instant,
}

/// What happened on the way to the answers.
#[derive(Debug, Default)]
pub struct Tally {
    pub attempts: usize,
    /// Answers that say that the same request may succeed later, by code.
    pub retryable: BTreeMap<String, usize>,
    /// The same by client, as its keys begin.
    pub told: BTreeMap<String, usize>,
    /// Attempts that ended without an answer.
    pub broken: usize,
    /// Operations that an earlier attempt had done whose answer never came, so that the first answer was a replay.
    pub recovered: usize,
    pub slowest: Duration,
}

/// The ways to gateways; None: that one is away.
pub struct Ways {
    key: String,
    http: reqwest::Client,
    addresses: RwLock<Vec<Option<SocketAddr>>>,
    /// Requests under way to each.
    pub under_way: Vec<AtomicUsize>,
    /// Whether a gateway may break a request off without an answer.
    breaking: bool,
}

enum Attempt {
    Answered { answer: Answer, replayed: bool },
    Retryable(String),
    Broken,
}

impl Ways {
    /// To gateways that answer whatever happens.
    pub fn new(addresses: &[SocketAddr], key: &str) -> Arc<Ways> {
        Arc::new(Ways::make(addresses, key, false))
    }

    /// To gateways that may die.
    pub fn breaking(addresses: &[SocketAddr], key: &str) -> Arc<Ways> {
        Arc::new(Ways::make(addresses, key, true))
    }

    fn make(addresses: &[SocketAddr], key: &str, breaking: bool) -> Ways {
        // An error: another test was first.
        rustls::crypto::ring::default_provider().install_default().ok();
        Ways {
            key: key.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            addresses: RwLock::new(addresses.iter().copied().map(Some).collect()),
            under_way: addresses.iter().map(|_| AtomicUsize::new(0)).collect(),
            breaking,
        }
    }

    pub fn set(&self, gateway: usize, address: Option<SocketAddr>) {
        self.addresses.write().unwrap()[gateway] = address;
    }

    /// One that is there; None: none is.
    fn pick(&self, random: &mut Random) -> Option<(usize, SocketAddr)> {
        let addresses = self.addresses.read().unwrap();
        let there: Vec<_> =
            addresses.iter().enumerate().filter_map(|(number, address)| Some((number, (*address)?))).collect();
        (!there.is_empty()).then(|| random.pick(&there))
    }

    async fn attempt(&self, gateway: usize, address: SocketAddr, ask: &Ask) -> Attempt {
        self.under_way[gateway].fetch_add(1, Ordering::SeqCst);
        let request = self.http.post(format!("http://{address}/graphql")).bearer_auth(&self.key).json(&ask.query());
        let answered = async { request.send().await?.json::<Value>().await };
        let answered = tokio::time::timeout(DEADLINE, answered).await;
        self.under_way[gateway].fetch_sub(1, Ordering::SeqCst);
        let mut response = match answered.unwrap_or_else(|_| panic!("no answer within {DEADLINE:?}: {ask:?}")) {
            Ok(response) => response,
            Err(error) if self.breaking => {
                assert!(!error.is_builder(), "{error:?}");
                return Attempt::Broken;
            }
            Err(error) => panic!("{ask:?}: {error:?}"),
        };
        if response["errors"].is_null() {
            let payload = response["data"][ask.field].take();
            let answer = Answer::Done {
                operation: payload["operation"]["id"].as_str().unwrap_or_else(|| panic!("{payload}")).to_owned(),
                points: payload["operation"]["points"].as_i64().unwrap(),
                entry: payload["entry"].clone(),
            };
            return Attempt::Answered { answer, replayed: payload["replayed"] == true };
        }
        let extensions = &response["errors"][0]["extensions"];
        let code = extensions["code"].as_str().unwrap_or_else(|| panic!("{response}")).to_owned();
        if extensions["retryable"] == true {
            return Attempt::Retryable(code);
        }
        assert!(REFUSALS.contains(&&*code), "{ask:?}: {response}");
        Attempt::Answered { answer: Answer::Refused(code), replayed: false }
    }

    /// Asks until there is an answer, and whether that is a replay. Also counts what comes before.
    pub async fn ask(&self, ask: &Ask, random: &mut Random, tally: &Mutex<Tally>) -> (Answer, bool) {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < PATIENCE, "not answered within {PATIENCE:?}: {ask:?} {tally:?}");
            if let Some((gateway, address)) = self.pick(random) {
                let sent = Instant::now();
                let attempt = self.attempt(gateway, address, ask).await;
                let mut tally = tally.lock().unwrap();
                tally.attempts += 1;
                tally.slowest = tally.slowest.max(sent.elapsed());
                match attempt {
                    Attempt::Answered { answer, replayed } => return (answer, replayed),
                    Attempt::Retryable(code) => {
                        *tally.retryable.entry(code).or_default() += 1;
                        let client = ask.key.rsplit_once('-').map_or(&*ask.key, |(client, _)| client);
                        *tally.told.entry(client.to_owned()).or_default() += 1;
                    }
                    Attempt::Broken => tally.broken += 1,
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Clients at work.
pub struct Load {
    ways: Arc<Ways>,
    clients: JoinSet<()>,
    enough: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<Acknowledged>>>,
    tally: Arc<Mutex<Tally>>,
}

impl Load {
    /// So many clients, each with a sequence of its own on accounts that all share.
    pub fn start(ways: Arc<Ways>, clients: u64) -> Load {
        let mut load = Load {
            ways,
            clients: JoinSet::new(),
            enough: Arc::default(),
            acknowledged: Arc::default(),
            tally: Arc::default(),
        };
        for client in 0..clients {
            let (ways, enough) = (load.ways.clone(), load.enough.clone());
            let (acknowledged, tally) = (load.acknowledged.clone(), load.tally.clone());
            load.clients.spawn(async move {
                let mut random = Random::new(seed() ^ ((client + 1) << 32));
                let mut holds = Vec::new();
                for number in 0.. {
                    if enough.load(Ordering::Relaxed) {
                        return;
                    }
                    let ask = next(&mut random, &mut holds, format!("{KEYS}{client}-{number}"));
                    let (answer, replayed) = ways.ask(&ask, &mut random, &tally).await;
                    if replayed {
                        tally.lock().unwrap().recovered += 1;
                    }
                    if let ("holdPoints", Answer::Done { operation, .. }) = (ask.field, &answer) {
                        holds.push((ask.user.clone(), operation.clone(), ask.points));
                    }
                    acknowledged.lock().unwrap().push(Acknowledged { ask, answer, at: Instant::now() });
                }
            });
        }
        load
    }

    /// How many operations were acknowledged so far.
    pub fn done(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// How many answers said that the same request may succeed later.
    pub fn retryable(&self) -> usize {
        self.tally.lock().unwrap().retryable.values().sum()
    }

    /// How many clients were told so.
    pub fn told(&self) -> usize {
        self.tally.lock().unwrap().told.len()
    }

    /// Lets each client finish what it asks for.
    pub async fn end(mut self) -> Record {
        self.enough.store(true, Ordering::Relaxed);
        while let Some(ended) = self.clients.join_next().await {
            ended.unwrap();
        }
        let acknowledged = std::mem::take(&mut *self.acknowledged.lock().unwrap());
        let tally = std::mem::take(&mut *self.tally.lock().unwrap());
        Record { ways: self.ways, acknowledged, tally }
    }
}

/// What a client asks for next. What it holds, it captures or releases later.
fn next(random: &mut Random, holds: &mut Vec<(String, String, i64)>, key: String) -> Ask {
    let mut member = || format!("m{}", random.of(0..MEMBERS));
    let (user, other) = (member(), member());
    let points = random.of(1..30);
    let ask = |field| Ask { field, user: user.clone(), other: other.clone(), points, key: key.clone() };
    match random.of(0..20) {
        0..9 => ask("earnPoints"),
        9..13 => ask("spendPoints"),
        13..15 if user != other => ask("transferPoints"),
        15..18 => ask("holdPoints"),
        _ => match holds.pop() {
            Some((user, other, points)) => {
                Ask { field: random.pick(&["releaseHold", "captureHold"]), user, other, points, key }
            }
            None => ask("earnPoints"),
        },
    }
}

/// What was acknowledged in the order of the answers, and what happened on the way.
pub struct Record {
    ways: Arc<Ways>,
    pub acknowledged: Vec<Acknowledged>,
    pub tally: Tally,
}

impl Record {
    /// Asks for everything again: each must be a replay with the same numbers. Then the books must be what was acknowledged,
    /// no less and no more.
    pub async fn check(&self, client: &Client) {
        assert!(!self.acknowledged.is_empty());
        let (ways, unused) = (&self.ways, &Mutex::default());
        let asked: Vec<_> = stream::iter(&self.acknowledged)
            .map(|known| async move {
                let (answer, replayed) = ways.ask(&known.ask, &mut Random::new(1), unused).await;
                assert_eq!(answer, known.answer, "{:?}", known.ask);
                assert!(replayed || matches!(answer, Answer::Refused(_)), "acknowledged and lost: {known:?}");
            })
            .buffer_unordered(12)
            .collect()
            .await;
        assert_eq!(asked.len(), self.acknowledged.len());
        self.check_books(client).await;
        assert_laws(client).await;
    }

    async fn check_books(&self, client: &Client) {
        let mut expected = BTreeMap::<String, (i64, i64, i64)>::new();
        let mut seqs = BTreeSet::new();
        for Acknowledged { ask, answer, .. } in &self.acknowledged {
            let Answer::Done { points, entry, .. } = answer else { continue };
            let (available, held) = ask.deltas();
            assert_eq!((&entry["availableDelta"], &entry["heldDelta"]), (&json!(available), &json!(held)), "{ask:?}");
            assert_eq!(*points, ask.points, "{ask:?}");
            assert!(seqs.insert((ask.user.clone(), entry["seq"].as_i64())), "two in one place: {ask:?}");
            let mut add = |user: &str, available, held| {
                let sums = expected.entry(user.to_owned()).or_default();
                *sums = (sums.0 + available, sums.1 + held, sums.2 + 1);
            };
            add(&ask.user, available, held);
            if ask.field == "transferPoints" {
                add(&ask.other, ask.points, 0);
            }
        }
        let books =
            "select user_id, available, held, version from api.account where user_id ~ '^m[0-9]+$' and version > 0";
        let rows = client.query(books, &[]).await.unwrap();
        let found: BTreeMap<_, _> = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))).collect();
        assert_eq!(found, expected, "available, held and entries of each member; {:?}", others(client).await);

        let operations = "select count(*), count(distinct o.idempotency_key) from points.operation o
            join points.account a on a.bucket = o.bucket and a.id = o.account_id
            where a.user_id ~ '^m[0-9]+$' and o.kind <> 'receive'";
        let row = client.query_one(operations, &[]).await.unwrap();
        let all = self.acknowledged.len() as i64;
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (all, all), "one operation a key, and no other");
    }

    /// For whoever runs it by hand.
    pub fn report(&self, faults: &str) {
        eprintln!("{faults}; {} operations acknowledged, seed {}; {:?}", self.acknowledged.len(), seed(), self.tally);
    }
}

/// Entries of members that no client asked for.
async fn others(client: &Client) -> Vec<String> {
    let others = "select concat_ws(' ', e.user_id, e.seq, e.kind, e.pending_delta, e.available_delta, e.held_delta, e.recorded_at)
        from api.entry e
        where e.user_id ~ '^m[0-9]+$' and e.kind not in ('earn', 'spend', 'hold', 'capture', 'release', 'transfer')
        order by e.recorded_at limit 20";
    client.query(others, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
