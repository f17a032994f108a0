//! A primary that dies under load, and its standby that takes over.

use std::{
    collections::HashSet,
    sync::{Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::task::block_in_place;
use tokio_postgres::Client;

use super::{
    Load, Ways,
    clients::{Answer, KEYS, Tally},
    controlled::Controlled,
    make_key, many, option, seed,
};
use crate::{
    common::{Proxy, Random},
    database::assert_laws,
    graphql::{Gateway, until_within},
    process::Directory,
};

const LIMIT: Duration = Duration::from_secs(60);
/// What a standby that can be reached is behind by, at most, on a busy machine.
const DELAY: Duration = Duration::from_secs(1);

/// A gateway that finds whichever of the two takes writes.
async fn gateway(servers: &[Controlled; 2], key: &str) -> Gateway {
    let hosts = format!("host={}&host={}&target_session_attrs=read-write", servers[0].socket(), servers[1].socket());
    Gateway::over(&format!("postgres://jifen@/postgres?{hosts}"), key).await
}

fn servers(directory: &Directory) -> Option<[Controlled; 2]> {
    Some([Controlled::new(directory, "one", &[])?, Controlled::new(directory, "two", &[])?])
}

async fn until_replicated(primary: &Client, state: &str) {
    let standby = "select count(*) from pg_stat_replication where application_name = 'standby' and sync_state = $1 and state = 'streaming'";
    until_within(LIMIT, state, async || primary.query_one(standby, &[&state]).await.unwrap().get::<_, i64>(0) == 1)
        .await;
}

/// Nothing that was acknowledged is lost if the standby has it before.
async fn fail_over(name: &str, times: usize) {
    let directory = Directory::new(name);
    let Some(servers) = servers(&directory) else { return };
    servers[0].make();
    servers[0].start();
    servers[0].migrate().await;
    let key = make_key(&servers[0].client().await).await;
    let gateway = gateway(&servers, &key).await;
    let ways = Ways::new(&[gateway.address], &key);
    let load = Load::start(ways.clone(), 12);
    let (mut away, mut in_flight) = (Vec::new(), 0);
    for round in 0..times {
        let (primary, standby) = (&servers[round % 2], &servers[(round + 1) % 2]);
        block_in_place(|| {
            standby.follow(&format!("host={}", primary.socket()));
            standby.start();
        });
        let client = primary.client().await;
        client.batch_execute("alter system set synchronous_standby_names = 'standby'").await.unwrap();
        client.batch_execute("select pg_reload_conf()").await.unwrap();
        until_replicated(&client, "sync").await;
        let done = load.done();
        until_within(LIMIT, "they are at work", async || load.done() > done + 50).await;
        in_flight += ways.under_way[0].load(Ordering::SeqCst);
        primary.kill().await;
        let killed = Instant::now();
        block_in_place(|| standby.promote());
        let done = load.done();
        until_within(LIMIT, "the gateway has found the other one", async || load.done() > done).await;
        away.push(killed.elapsed());
    }
    let record = load.end().await;
    let longest = away.iter().max().unwrap();
    record.report(&format!(
        "{times} times a standby took over, {in_flight} requests in flight; without an answer for up to {longest:?}"
    ));
    assert!(in_flight > 0);
    record.check(&servers[times % 2].client().await).await;
    servers[times % 2].stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_synchronous_one_takes_over() {
    fail_over("faults-synchronous", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn synchronous_ones_take_over_again_and_again() {
    fail_over("faults-synchronous-often", many(50)).await;
}

/// What is lost if the standby is behind by so much: what was acknowledged in that time and no more. The books are in order all
/// the same, and whoever asks again is answered as if for the first time.
async fn lose(name: &str, behind: Duration) {
    let directory = Directory::new(name);
    let Some(servers) = servers(&directory) else { return };
    let [primary, standby] = &servers;
    primary.make();
    primary.start();
    primary.migrate().await;
    let client = primary.client().await;
    let key = make_key(&client).await;
    let way = Proxy::start(&primary.url(), |_| None).await;
    block_in_place(|| {
        standby.follow(&format!("host={} port={} sslmode=disable", way.address().ip(), way.address().port()));
        standby.start();
    });
    until_replicated(&client, "async").await;
    let gateway = gateway(&servers, &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), 12);
    until_within(LIMIT, "they are at work", async || load.done() > 100).await;
    way.set_dark(!behind.is_zero());
    let dark = Instant::now();
    tokio::time::sleep(behind).await;
    if !behind.is_zero() {
        let done = load.done();
        until_within(LIMIT, "they are at work in the dark", async || load.done() > done + 20).await;
    }
    primary.kill().await;
    let killed = Instant::now();
    let ending = tokio::spawn(load.end());
    block_in_place(|| standby.promote());
    let record = ending.await.unwrap();

    let client = standby.client().await;
    let known = "select idempotency_key from points.operation where starts_with(idempotency_key, $1)";
    let known: HashSet<String> = client.query(known, &[&KEYS]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let missing: Vec<_> =
        record.acknowledged.iter().filter(|known_to_us| !known.contains(&known_to_us.ask.key)).collect();
    let window = missing.iter().map(|lost| killed.saturating_duration_since(lost.at)).max().unwrap_or_default();
    record.report(&format!(
        "a standby {behind:?} behind took over; {} operations lost, back to {window:?} before",
        missing.len()
    ));
    // Each was acknowledged when it could not reach the standby any more, or was on its way there.
    assert!(missing.iter().all(|lost| lost.at + DELAY > dark), "{window:?} of {:?}", killed.duration_since(dark));
    assert!(behind.is_zero() || !missing.is_empty());
    assert_laws(&client).await;
    let (ways, tally) = (Ways::new(&[gateway.address], &key), Mutex::new(Tally::default()));
    for lost in missing.iter().filter(|lost| lost.ask.is_award()) {
        let (answer, replayed) = ways.ask(&lost.ask, &mut Random::new(seed()), &tally).await;
        assert!(matches!(answer, Answer::Done { .. }) && !replayed, "{lost:?}");
    }
    assert_laws(&client).await;
    standby.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_asynchronous_one_loses_what_it_was_behind() {
    lose("faults-asynchronous", Duration::from_millis(300)).await;
}

/// JIFEN_BEHIND says by how many milliseconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "only tells what is lost"]
async fn an_asynchronous_one_is_behind_by() {
    lose("faults-asynchronous-behind", Duration::from_millis(option("JIFEN_BEHIND", 1000))).await;
}
