//! Clocks that are set forward and back by hours.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use super::{Load, Ways, controlled::Controlled, make_key, many, seed};
use crate::{
    common::{Database, Kind, Outcome, Random, Request, execute, is_missing},
    database::assert_laws,
    graphql::{Gateway, until_within},
    process::Directory,
};

const LIMIT: Duration = Duration::from_secs(60);
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// An operation with points that live for hours.
fn request(random: &mut Random, now: DateTime<Utc>, key: &str, holds: &mut Vec<(String, String)>) -> Request {
    let user = format!("m{}", random.of(0..6));
    let (points, later) = (random.of(1..50), now + TimeDelta::minutes(random.of(1..600)));
    match random.of(0..10) {
        0..4 => Request::adjust(&user, points, key).expires_at(later),
        4 => Request::earn(&user, "TASK", key).points(points),
        5 | 6 => Request::spend(&user, points, key),
        7 | 8 => {
            holds.push((user.clone(), key.to_owned()));
            Request::hold(&user, points, key).expires_at(later)
        }
        _ => match holds.pop() {
            Some((user, hold)) => Request::undo(random.pick(&[Kind::Capture, Kind::Release]), &user, &hold, key),
            None => Request::sign_in(&user, key),
        },
    }
}

/// The last entry of each account.
async fn versions(client: &Client) -> BTreeMap<String, i64> {
    let rows = client.query("select user_id, version from api.account where user_id ~ '^m[0-9]$'", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn step(times: usize) {
    let database = Database::new().await;
    let client = database.client().await;
    let mut random = Random::new(seed());
    let mut now = Utc::now();
    let (mut forth, mut back) = (0, 0);
    let mut holds = Vec::new();
    let mut known: Vec<(Request, Outcome)> = Vec::new();
    let mut before = BTreeMap::new();
    for round in 0..times {
        let hours = random.of(-12..14);
        now += TimeDelta::seconds(hours * 3600 + random.of(-500..600));
        if hours < 0 {
            back += 1
        } else {
            forth += 1
        }
        let batch: Vec<_> =
            (0..8).map(|part| request(&mut random, now, &format!("{round}-{part}"), &mut holds)).collect();
        let outcomes = execute(&client, &batch, Some(now)).await;
        for (request, outcome) in batch.into_iter().zip(outcomes) {
            assert!(!outcome.replayed, "{request:?}");
            known.push((request, outcome));
        }
        client.query("select points.sweep_step(1000, $1)", &[&now]).await.unwrap();
        let after = versions(&client).await;
        for (user, version) in &before {
            assert!(after[user] >= *version, "{user}");
        }
        before = after;
        let (request, first) = &known[random.of(0..known.len() as i64) as usize];
        let again = execute(&client, std::slice::from_ref(request), Some(now)).await.remove(0);
        assert_eq!((&again.refusal, again.points, &again.entry), (&first.refusal, first.points, &first.entry));
        assert!(again.replayed || first.refusal.is_some(), "{request:?}");
    }
    let expired = number(&client, "select count(*) from points.entry where kind = 'expire'").await;
    eprintln!("the clock set forth {forth} times and back {back} times, {expired} expiries, seed {}", seed());
    assert!(back > 0 && forth > 0 && expired > 0);
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_is_given_after_the_clock_was_set_back_can_be_spent_at_once() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = Utc::now();
    let awarded = Request::earn("m1", "TASK", "earned").points(30);
    execute(&client, &[awarded], Some(now + TimeDelta::hours(10))).await;
    let given = Request {
        kind: Some(Kind::Transfer),
        counterparty: Some("m2".to_owned()),
        ..Request::spend("m1", 25, "given")
    };
    client.query("select points.run_transfer($1, $2)", &[&given, &now]).await.unwrap();
    let spent = execute(&client, &[Request::spend("m2", 25, "spent")], Some(now)).await.remove(0);
    assert_eq!((spent.refusal, spent.points), (None, Some(25)));
    assert_laws(&client).await;
}

#[tokio::test]
async fn stepped_between_operations() {
    step(60).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn stepped_between_many_operations() {
    step(many(3000)).await;
}

/// Says what the server's clock shows from now on, as the real one and so many minutes.
fn set(file: &Path, minutes: i64) {
    // At once, as the server reads it all the time.
    let new = file.with_extension("new");
    fs::write(&new, format!("{minutes:+}m\n")).unwrap();
    fs::rename(&new, file).unwrap();
}

/// The clock of a whole server, under load: of its engine, its jobs and its time-outs.
async fn step_server(name: &str, times: usize) {
    if is_missing(LIBRARY, "faketime") {
        return;
    }
    let directory = Directory::new(name);
    let file = directory.0.join("clock");
    set(&file, 0);
    let environment = [
        ("LD_PRELOAD", LIBRARY),
        ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let Some(server) = Controlled::new(&directory, "data", &environment) else { return };
    server.make();
    server.start();
    server.migrate().await;
    let client = server.client().await;
    let key = make_key(&client).await;
    // Points that expire again and again, whatever the clock shows.
    let gateway = Gateway::over(&server.url(), &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), 8);
    let mut random = Random::new(seed());
    let mut shown = Vec::new();
    for round in 0..times {
        let done = load.done();
        until_within(LIMIT, "they are at work", async || load.done() > done + 50).await;
        let expires = "select api.adjust_points('brief-' || $1, 10, $2, 'test', 'tester', p_expires_at => clock_timestamp() + interval '1 hour')";
        client.execute(expires, &[&(round % 5).to_string(), &format!("brief-{round}")]).await.unwrap();
        let minutes = random.of(-720..720);
        set(&file, minutes);
        let offset = "select (extract(epoch from clock_timestamp()) / 60)::bigint";
        shown.push(number(&client, offset).await - Utc::now().timestamp() / 60 - minutes);
        client.execute("select api.run_job('sweep', 10)", &[]).await.unwrap();
    }
    assert!(shown.iter().all(|apart| apart.abs() <= 1), "the server's clock is another: {shown:?}");
    let record = load.end().await;
    let expired = number(&client, "select count(*) from points.entry where kind = 'expire'").await;
    record.report(&format!("the server's clock set {times} times, {expired} expiries"));
    assert!(expired > 0);
    record.check(&client).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_server_stepped_under_load() {
    step_server("faults-clock", 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn of_a_server_stepped_under_load_again_and_again() {
    step_server("faults-clock-often", many(300)).await;
}
