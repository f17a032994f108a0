//! That subscriptions go on, whatever is lost between: nothing is lost of them, nothing comes twice, versions never fall.

use std::{
    collections::HashMap,
    env,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jifen::{
    client, database,
    embedded::{Durability, Options, Server},
    migrate,
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::{
    Gateway, code, only_error,
    socket::{Events, Socket},
};
use crate::{
    common::{Database, Random},
    database::assert_laws,
    process::Directory,
};

const BALANCE: &str = r#"subscription { balanceChanged(userId: "dora") { version } }"#;
const ENTRIES: &str = r#"subscription { entryAdded(userId: "dora", after: 0) { seq } }"#;

/// The connections that gateways listen by.
const CHANNELS: &str = "from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query ~ '^(listen jifen|select count.pg_notify)'";

#[tokio::test]
async fn a_listener_that_is_cut_off_listens_again() {
    let (gateway, database) = Gateway::new().await;
    let other = Gateway::over(&database.url(), &gateway.key).await;
    let mut balance = Socket::with(&gateway, BALANCE).await;
    let mut entries = Socket::with(&gateway, ENTRIES).await;
    assert_eq!(balance.event().await, Value::Null);
    let client = database.client().await;
    let mut version = 0;
    for round in 0..6 {
        super::until("both gateways listen", async || {
            client.query_one(&format!("select count(*) {CHANNELS}"), &[]).await.unwrap().get::<_, i64>(0) == 2
        })
        .await;
        client.query(&format!("select pg_terminate_backend(pid) {CHANNELS}"), &[]).await.unwrap();
        // nobody hears of this
        if round % 2 == 0 {
            let earn = format!("select api.earn_points('dora', 'SIGN_IN', 'psql {round}')");
            client.batch_execute(&earn).await.unwrap();
        } else {
            other.sign_in("dora", &format!("other {round}")).await.unwrap();
        }
        version += 1;
        assert_eq!(balance.event().await, json!({ "version": version }));
        assert_eq!(entries.event().await, json!({ "seq": version }));
    }
}

/// A PostgreSQL of the test's own, which can be stopped.
fn options(data_dir: PathBuf) -> Options {
    Options {
        data_dir,
        durability: Durability::Durable,
        settings: Vec::new(),
        max_connections: 100,
        pg_bin: env::var_os("JIFEN_PG_BIN").map(PathBuf::from),
    }
}

#[tokio::test]
async fn subscriptions_outlive_a_restart_of_postgres() {
    let directory = Directory::new("restart");
    let server = Server::start(options(directory.data())).await.unwrap();
    let config = database::parse_url(&server.url("postgres")).unwrap();
    let mut owner = database::connect(&config).await.unwrap();
    migrate::migrate(&mut owner, 8).await.unwrap();
    migrate::load_demo(&owner).await.unwrap();
    let key = client::new_key();
    let create = "select api.create_client('test', $1, '{earn,read}', null)";
    owner.execute(create, &[&&client::hash_key(&key)[..]]).await.unwrap();
    let gateway = Gateway::over(&server.url("postgres"), &key).await;

    let mut balance = Socket::with(&gateway, BALANCE).await;
    let mut entries = Socket::with(&gateway, ENTRIES).await;
    let mut events = Events::of(&gateway, ENTRIES).await;
    assert_eq!(balance.event().await, Value::Null);
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(balance.event().await, json!({ "version": 1 }));
    // one that begins while it is away
    let mut begins = Socket::of(&gateway).await;
    server.stop().await.unwrap();
    begins.subscribe("s", BALANCE).await;

    let server = Server::start(options(directory.data())).await.unwrap();
    let owner = database::connect(&config).await.unwrap();
    owner.batch_execute("select api.earn_points('dora', 'SIGN_IN', '2')").await.unwrap();
    assert_eq!(balance.event().await, json!({ "version": 2 }));
    begins.until(|account| account["version"] == 2).await;
    gateway.sign_in("dora", "3").await.unwrap();
    assert_eq!(balance.event().await, json!({ "version": 3 }));
    for seq in 1..=3 {
        assert_eq!(entries.event().await, json!({ "seq": seq }));
        let (_, event) = events.next().await.unwrap();
        assert_eq!(event, json!({ "data": { "entryAdded": { "seq": seq } } }));
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_gateway_that_stops_says_so_and_another_goes_on() {
    let (first, database) = Gateway::new().await;
    let (second, stop) = Gateway::stoppable(&database.url(), &first.key).await;
    let mut entries = Socket::with(&second, ENTRIES).await;
    let mut balance = Socket::with(&second, BALANCE).await;
    let mut events = Events::of(&second, ENTRIES).await;
    for key in ["1", "2"] {
        second.sign_in("dora", key).await.unwrap();
    }
    for seq in 1..=2 {
        assert_eq!(entries.event().await, json!({ "seq": seq }));
        events.next().await.unwrap();
    }
    balance.until(|account| account["version"] == 2).await;
    drop(stop);
    assert_eq!(entries.closed().await.0, 1001);
    assert_eq!(balance.closed().await.0, 1001);
    assert_eq!(events.next().await, None);
    first.sign_in("dora", "3").await.unwrap();
    let mut entries = Socket::with(&first, &ENTRIES.replace("after: 0", "after: 2")).await;
    assert_eq!(entries.event().await, json!({ "seq": 3 }));
    let mut balance = Socket::with(&first, &BALANCE.replace("\"dora\"", "\"dora\", afterVersion: 2")).await;
    assert_eq!(balance.event().await, json!({ "version": 3 }));
}

const MEMBERS: [&str; 6] = ["ann", "bob", "cyd", "dan", "eve", "finn"];
const SUBSCRIBERS: i64 = 24;

/// What a member's account has come to.
#[derive(Clone, Debug, PartialEq)]
struct Final {
    version: i64,
    available: i64,
    frozen: bool,
}

type Finals = HashMap<String, Final>;

/// One that follows entries or a balance, now at this gateway and now at that, and checks what it is told.
struct Subscriber {
    gateways: [Gateway; 2],
    member: String,
    entries: bool,
    random: Random,
    finals: watch::Receiver<Option<Finals>>,
    /// Balances after each entry, from the first on, as told.
    told: Vec<i64>,
    last: Final,
}

impl Subscriber {
    /// Follows until it has been told the last.
    async fn run(mut self) -> Subscriber {
        while !self.is_done() {
            let gateway = self.random.pick(&[0, 1]);
            let events = self.random.of(1..12);
            self.connect(gateway, events).await;
        }
        self
    }

    fn is_done(&mut self) -> bool {
        let finals = self.finals.borrow_and_update();
        let Some(wanted) = finals.as_ref().map(|finals| &finals[&self.member]) else { return false };
        if self.entries { self.told.len() as i64 == wanted.version } else { self.last == *wanted }
    }

    /// One connection, for so many events or until it is lost.
    async fn connect(&mut self, gateway: usize, events: i64) {
        let gateway = &self.gateways[gateway];
        let (member, version) = (&self.member, self.last.version);
        let query = if self.entries {
            format!(
                "subscription {{ entryAdded(userId: \"{member}\", after: {}) {{ seq availableAfter }} }}",
                self.told.len()
            )
        } else {
            format!(
                "subscription {{ balanceChanged(userId: \"{member}\", afterVersion: {version}) {{ version frozen balance {{ available }} }} }}"
            )
        };
        let mut socket = Socket::open(gateway, super::socket::TRANSPORT).await;
        let payload = json!({ "authorization": format!("Bearer {}", gateway.key) });
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        // the database may be away just now
        if socket.try_receive().await.is_none() {
            return;
        }
        socket.subscribe("s", &query).await;
        for _ in 0..events {
            let mut finals = self.finals.clone();
            let event = tokio::select! {
                event = socket.try_receive() => event,
                _ = finals.changed() => return,
            };
            let Some(event) = event else { return };
            assert_eq!(event["type"], "next", "{event}");
            self.check(&event["payload"]["data"]);
            if self.is_done() {
                return;
            }
        }
    }

    fn check(&mut self, data: &Value) {
        if self.entries {
            let entry = &data["entryAdded"];
            assert_eq!(entry["seq"], self.told.len() as i64 + 1, "{}", self.member);
            self.told.push(entry["availableAfter"].as_i64().unwrap());
        } else if !data["balanceChanged"].is_null() {
            let account = &data["balanceChanged"];
            let now = Final {
                version: account["version"].as_i64().unwrap(),
                available: account["balance"]["available"].as_i64().unwrap(),
                frozen: account["frozen"].as_bool().unwrap(),
            };
            assert!(now.version >= self.last.version, "{}: {now:?} after {:?}", self.member, self.last);
            self.last = now;
        }
    }
}

/// One mutation, sent again until it is carried out or refused.
async fn write(gateway: &Gateway, random: &mut Random, key: &str) {
    let (member, spends) = (random.pick(&MEMBERS), random.of(0..3) == 0);
    loop {
        let mutation = match spends {
            true => format!("spendPoints(input: {{ userId: \"{member}\", points: 3, idempotencyKey: \"{key}\" }})"),
            false => {
                format!("earnPoints(input: {{ userId: \"{member}\", rule: \"SIGN_IN\", idempotencyKey: \"{key}\" }})")
            }
        };
        match only_error(gateway.send(&format!("mutation {{ {mutation} {{ replayed }} }}"), json!({})).await) {
            Ok(error) if error["extensions"]["retryable"] == true => {}
            Ok(error) => {
                assert!(["INSUFFICIENT_POINTS", "ACCOUNT_FROZEN"].contains(&code(&error)), "{error}");
                return;
            }
            Err(_) => return,
        }
    }
}

async fn psql(database: &Database, random: &mut Random, key: &str) {
    let member = random.pick(&MEMBERS);
    let call = random.pick(&[
        "earn_points($1, 'SIGN_IN', $2)",
        "spend_points($1, 4, $2)",
        "freeze_account($1, $2, 'a suspicion')",
        "unfreeze_account($1, $2, 'found')",
    ]);
    let client = database.client_as("jifen_operator").await;
    // refused, or cut off
    client.execute(&format!("select api.{call}"), &[&member, &key]).await.ok();
}

/// Ends connections at random: those that gateways listen by, or read and write by.
async fn cut(database: &Database, random: &mut Random) {
    let chosen = random.pick(&[
        "query ~ '^(listen jifen|select count.pg_notify)'",
        "query ~ 'api.execute' and random() < 0.3",
        "query ~ 'api.account' and random() < 0.3",
    ]);
    let cut = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and {chosen}"
    );
    database.client().await.batch_execute(&cut).await.unwrap();
}

#[tokio::test]
async fn whatever_is_written_and_cut_off_every_subscriber_is_told_what_the_tables_say() {
    let (first, database) = Gateway::new().await;
    let second = Gateway::over(&database.url(), &first.key).await;
    let gateways = [first, second];
    let (tell, finals) = watch::channel(None);
    let mut subscribers = JoinSet::new();
    for number in 0..SUBSCRIBERS {
        let subscriber = Subscriber {
            gateways: gateways.clone(),
            member: MEMBERS[number as usize / 2 % MEMBERS.len()].to_owned(),
            entries: number % 2 == 0,
            random: Random::new(number as u64),
            finals: finals.clone(),
            told: Vec::new(),
            last: Final { version: 0, available: 0, frozen: false },
        };
        subscribers.spawn(subscriber.run());
    }

    let database = Arc::new(database);
    let written = Arc::new(AtomicBool::new(false));
    let cutting = tokio::spawn({
        let (database, written) = (database.clone(), written.clone());
        async move {
            let mut random = Random::new(99);
            while !written.load(Ordering::Relaxed) {
                cut(&database, &mut random).await;
                tokio::time::sleep(Duration::from_millis(random.of(20..200) as u64)).await;
            }
        }
    });
    let mut writing = JoinSet::new();
    for writer in 0..6 {
        let (gateways, database) = (gateways.clone(), database.clone());
        writing.spawn(async move {
            let mut random = Random::new(1000 + writer as u64);
            for number in 0..60 {
                let key = format!("{writer}-{number}");
                match writer {
                    0 => psql(&database, &mut random, &key).await,
                    _ => write(&gateways[writer % 2], &mut random, &key).await,
                }
            }
        });
    }
    writing.join_all().await;
    written.store(true, Ordering::Relaxed);
    cutting.await.unwrap();

    let client = database.client().await;
    let mut known = Finals::new();
    for row in client.query("select user_id, version, available, frozen from api.account", &[]).await.unwrap() {
        let last = Final { version: row.get(1), available: row.get(2), frozen: row.get(3) };
        known.insert(row.get(0), last);
    }
    tell.send_replace(Some(known));
    let after = "select available_after from api.entry where user_id = $1 order by seq";
    for subscriber in subscribers.join_all().await {
        if subscriber.entries {
            let rows = client.query(after, &[&subscriber.member]).await.unwrap();
            let balances: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
            assert_eq!(subscriber.told, balances, "{}", subscriber.member);
        }
    }
    assert_laws(&client).await;
}
