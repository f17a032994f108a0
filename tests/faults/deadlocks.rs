//! All operations and all jobs at once on few accounts: nobody waits for somebody who waits for him.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use tokio::task::JoinSet;
use tokio_postgres::{Client, Error, error::SqlState};

use super::{option, seed};
use crate::{
    common::{Database, Kind, Random, Request, bucket, execute, operation_id, try_execute},
    database::{assert_laws, tell_everything},
    graphql::until,
};

const MEMBERS: i64 = 50;
/// Sessions that send batches, as lanes do.
const BATCHES: u64 = 8;
/// Sessions that call one function at a time.
const CALLERS: u64 = 8;
/// A wait that is taken for long.
const LONG: Duration = Duration::from_millis(100);

/// Something of everything, so that every operation finds what it is about; and months that can be archived.
async fn world(database: &Database) {
    let client = database.client().await;
    tell_everything(&client).await;
    client
        .batch_execute(
            "select api.create_limit('DAILY', 'Tasks a day', '{TASK}', 'day', 'limit', p_max_points => 1000000);
             select api.set_risk_rule('LARGE', 'Large awards', '{TASK}', 'award_points', 'review', 'on', 'risk', p_threshold => 900);
             select api.create_reward('MUG', 'Mug', 'goods', 10, 'mug', p_stock => 500, p_quota => 1000, p_quota_period => 'month');
             select api.create_reward('CODE', 'Code', 'coupon', 5, 'code');
             select api.add_coupons('CODE', array(select 'c' || n from generate_series(1, 2000) n), 'codes');
             select api.create_campaign('DOUBLE', 'Double', 'multiplier', '{ORDER}', 'double', p_multiplier => 2, p_budget => 100000000);
             select api.set_archive(12, 'archive')",
        )
        .await
        .unwrap();
    for months in (13..19).rev() {
        let then = Utc::now() - TimeDelta::days(31 * months);
        let make = format!("set role jifen_owner; select points.make_partitions(1, '{then}'); reset role");
        client.batch_execute(&make).await.unwrap();
        let earned =
            (0..MEMBERS).map(|member| Request::earn(&name(member), "TASK", &format!("then-{months}")).points(50));
        execute(&client, &earned.collect::<Vec<_>>(), Some(then)).await;
    }
}

fn name(member: i64) -> String {
    format!("d{member}")
}

/// Operations in the order in which they were sent, so that later ones can be about them.
#[derive(Default)]
struct Sent(Mutex<Vec<(Kind, String, String)>>);

impl Sent {
    fn push(&self, kind: Kind, user: &str, key: &str) {
        self.0.lock().unwrap().push((kind, user.to_owned(), key.to_owned()));
    }

    /// One of the last ones of a kind: member and key.
    fn pick(&self, kind: Kind, random: &mut Random) -> Option<(String, String)> {
        let sent = self.0.lock().unwrap();
        let of_kind: Vec<_> = sent.iter().rev().take(400).filter(|(sent, ..)| *sent == kind).collect();
        let (_, user, key) = of_kind.get(random.of(0..of_kind.len().max(1) as i64) as usize)?;
        Some((user.clone(), key.clone()))
    }
}

/// An operation on one account.
fn request(random: &mut Random, sent: &Sent, key: &str) -> Request {
    let user = name(random.of(0..MEMBERS));
    let (points, soon) = (random.of(1..60), Utc::now() + TimeDelta::milliseconds(random.of(200..3000)));
    let request = match random.of(0..16) {
        0 if points < 10 => Request::earn(&user, "REGISTER", key),
        0 => Request::earn(&user, "TASK", key).points(random.pick(&[20, 20, 20, 950])),
        1 => Request::earn(&user, "ORDER", key).amount(&(points * 7).to_string()).order_key(key),
        2 | 3 => Request::spend(&user, points, key),
        4 => Request::adjust(&user, points, key).expires_at(soon),
        5 => Request::hold(&user, points, key),
        6 => Request::hold(&user, points, key).expires_at(soon),
        7 => undo(random, sent, Kind::Capture, Kind::Hold, key),
        8 => undo(random, sent, Kind::Release, Kind::Hold, key),
        9 => undo(random, sent, Kind::Reverse, random_kind(points), key),
        10 => {
            let order = sent.pick(Kind::Earn, random);
            order.map_or_else(
                || Request::spend(&user, 1, key),
                |(user, order)| Request::return_order(&user, &order, key),
            )
        }
        11 => Request::sign_in(&user, key),
        12 => Request::progress(&user, "REVIEWS", 1, key),
        13 => Request::claim(&user, "REVIEWS", key),
        14 => Request {
            kind: Some(Kind::Redeem),
            reward: Some(pick_reward(points)),
            points: None,
            ..Request::spend(&user, 1, key)
        },
        _ => Request::freeze(random.pick(&[Kind::Freeze, Kind::Unfreeze, Kind::Unfreeze]), &user, key),
    };
    sent.push(request.kind.unwrap(), request.user_id.as_ref().unwrap(), key);
    request
}

fn random_kind(points: i64) -> Kind {
    if points % 2 == 0 { Kind::Earn } else { Kind::Spend }
}

fn pick_reward(points: i64) -> String {
    if points % 2 == 0 { "MUG" } else { "CODE" }.to_owned()
}

/// About one of the last of a kind.
fn undo(random: &mut Random, sent: &Sent, kind: Kind, of: Kind, key: &str) -> Request {
    match sent.pick(of, random) {
        Some((user, original)) => Request::undo(kind, &user, &original, key),
        None => Request::spend(&name(0), 1, key),
    }
}

/// A call that may touch several accounts, or what they share.
fn call(random: &mut Random, sent: &Sent, key: &str) -> String {
    let (user, other) = (name(random.of(0..MEMBERS)), name(random.of(0..MEMBERS)));
    let points = random.of(1..40);
    let id = |sent: Option<(String, String)>| {
        let (user, key) = sent.unwrap_or_else(|| (user.clone(), "none".to_owned()));
        format!("'{user}', '{}'", operation_id(1, &key))
    };
    match random.of(0..14) {
        0..4 => {
            sent.push(Kind::Transfer, &user, key);
            format!("api.transfer_points('{user}', '{other}', {points}, '{key}')")
        }
        4 => format!("api.reverse_transfer({}, '{key}')", id(sent.pick(Kind::Transfer, random))),
        5 => format!("api.merge_accounts('{user}', '{other}', '{key}', 'test', 'tester')"),
        6 | 7 => format!("api.unmerge_accounts('{user}', '{key}', 'test', 'tester')"),
        8 => {
            let decide = random.pick(&["approve", "reject"]);
            format!("api.{decide}_award({}, '{key}', 'test', 'second')", id(sent.pick(Kind::Earn, random)))
        }
        9 => format!("api.cancel_redemption({}, '{key}', 'test', 'tester')", id(sent.pick(Kind::Redeem, random))),
        10 => format!(
            "api.extend_expiry('{user}', now() + interval '1 year', '{key}', 'test', p_before => now() + interval '9 years', p_actor => 'tester')"
        ),
        11 => format!("api.add_stock('MUG', 5, '{key}')"),
        12 if points < 4 => format!("api.erase_member('{user}', '{key}', 'test', 'tester')"),
        12 => format!("api.create_invitation_code('{user}', '{key}')"),
        _ => {
            let code = format!(
                "(select i.code from points.invitation_code i join points.account a on (a.bucket, a.id) = (i.bucket, i.account_id) where a.user_id = '{other}' limit 1)"
            );
            format!("api.join_by_invitation('{user}', coalesce({code}, 'NONE'), '{key}')")
        }
    }
}

/// What calls came to: done or refused, or that an account was closed meanwhile.
#[derive(Default)]
struct Calls(Mutex<BTreeMap<String, (usize, Duration)>>);

impl Calls {
    fn note<T>(&self, what: &str, begun: Instant, result: Result<T, Error>) {
        if let Err(error) = result {
            let code = error.code().unwrap_or_else(|| panic!("{what}: {error}"));
            let refused = ("LP000".."LP900").contains(&code.code());
            // Whoever sent it would send it again.
            let merged = *code == SqlState::T_R_SERIALIZATION_FAILURE;
            // It waits in short tries so that nobody waits for it, and after a hundred leaves it to the next day.
            let gave_up = what == "partitions" && *code == SqlState::LOCK_NOT_AVAILABLE;
            assert!(refused || merged || gave_up, "{what}: {error:?}");
        }
        let mut calls = self.0.lock().unwrap();
        let (count, slowest) = calls.entry(what.to_owned()).or_default();
        *count += 1;
        *slowest = begun.elapsed().max(*slowest);
    }
}

/// Every wait for a lock that was seen, by process and beginning, and how long it had lasted when it was seen last.
async fn watch(client: Client, enough: Arc<AtomicBool>) -> Vec<Duration> {
    let waiting = client
        .prepare(
            "select l.pid, l.waitstart::text, extract(epoch from clock_timestamp() - l.waitstart)::float8 from pg_locks l
             join pg_stat_activity a on a.pid = l.pid and a.datname = current_database()
             where not l.granted and l.waitstart is not null",
        )
        .await
        .unwrap();
    let mut waits = BTreeMap::<(i32, String), f64>::new();
    while !enough.load(Ordering::Relaxed) {
        for row in client.query(&waiting, &[]).await.unwrap() {
            waits.insert((row.get(0), row.get(1)), row.get(2));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut waits: Vec<_> = waits.into_values().map(|seconds| Duration::from_secs_f64(seconds.max(0.0))).collect();
    waits.sort();
    waits
}

/// So many hundredths of them took no longer.
fn percentile(sorted: &[Duration], hundredths: usize) -> Duration {
    sorted.get((sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

struct Waits {
    seen: usize,
    /// Of them, those above [`LONG`].
    long: usize,
    /// All that may have waited.
    calls: usize,
}

/// For so long; each session and each job pauses after each call, half of `pause` on average.
async fn hunt(time: Duration, pause: Duration) -> Waits {
    let database = Database::new().await;
    world(&database).await;
    let (sent, calls, enough) =
        (Arc::new(Sent::default()), Arc::new(Calls::default()), Arc::new(AtomicBool::new(false)));
    let mut sessions = JoinSet::new();
    for session in 0..BATCHES + CALLERS {
        let client = database.client().await;
        client.batch_execute("set statement_timeout = '60s'").await.unwrap();
        let (sent, calls, enough) = (sent.clone(), calls.clone(), enough.clone());
        sessions.spawn(async move {
            let mut random = Random::new(seed() ^ ((session + 1) << 32));
            for number in 0.. {
                if enough.load(Ordering::Relaxed) {
                    return;
                }
                let (begun, key) = (Instant::now(), format!("{session}-{number}"));
                if session < BATCHES {
                    let lane = random.of(0..8) as i16;
                    let batch: Vec<_> = (0..random.of(8..160))
                        .map(|part| request(&mut random, &sent, &format!("{key}-{part}")))
                        .filter(|request| bucket(request.user_id.as_ref().unwrap(), "points") == lane)
                        .collect();
                    calls.note("execute", begun, try_execute(&client, &batch, None).await);
                } else {
                    let call = call(&mut random, &sent, &key);
                    let what = call.split('(').next().unwrap().to_owned();
                    calls.note(&what, begun, client.query(&format!("select * from {call}"), &[]).await);
                }
                tokio::time::sleep(pause.mul_f64(random.of(0..1000) as f64 / 1000.0)).await;
            }
        });
    }
    let (observer, owner) = (database.client().await, database.client().await);
    owner.batch_execute("set role jifen_owner").await.unwrap();
    let done = (calls.clone(), enough.clone());
    sessions.spawn(async move {
        // Partitions are made once a month, and here all the time.
        for months in 4..400 {
            if done.1.load(Ordering::Relaxed) {
                return;
            }
            let begun = Instant::now();
            done.0.note("partitions", begun, owner.query_one("select points.make_partitions($1)", &[&months]).await);
            tokio::time::sleep(Duration::from_secs(1).max(pause * 10)).await;
        }
    });
    for row in observer.query("select name from points.job", &[]).await.unwrap() {
        let (client, job): (_, String) = (database.client().await, row.get(0));
        let (calls, enough) = (calls.clone(), enough.clone());
        sessions.spawn(async move {
            while !enough.load(Ordering::Relaxed) {
                let begun = Instant::now();
                let row = client.query_one("select failure, done from api.run_job($1)", &[&job]).await;
                let failure = row.as_ref().ok().and_then(|row| row.get::<_, Option<String>>(0));
                // What locks out everybody gives up soon, and tries again.
                let gave_way = failure.as_ref().is_some_and(|failure| failure.contains("55P03"));
                assert!(gave_way || failure.is_none(), "{job}: {failure:?}");
                calls.note(&format!("job {job}{}", if gave_way { " gave way" } else { "" }), begun, row);
                tokio::time::sleep(Duration::from_millis(100).max(pause / 2)).await;
            }
        });
    }
    let watching = tokio::spawn(watch(database.client().await, enough.clone()));
    let begun = Instant::now();
    while begun.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Some(ended) = sessions.try_join_next() {
            ended.unwrap();
        }
    }
    enough.store(true, Ordering::Relaxed);
    while let Some(ended) = sessions.join_next().await {
        ended.unwrap();
    }
    let waits = watching.await.unwrap();
    let long = waits.iter().filter(|wait| **wait > LONG).count();
    let calls = std::mem::take(&mut *calls.0.lock().unwrap());
    let all: usize = calls.values().map(|(count, _)| count).sum();
    eprintln!(
        "{all} calls, seed {}; {} waits for locks seen, of which half up to {:?}, 99 in a hundred up to {:?}, the longest {:?}, {long} above {LONG:?}; {calls:?}",
        seed(),
        waits.len(),
        percentile(&waits, 50),
        percentile(&waits, 99),
        waits.last().copied().unwrap_or_default(),
    );
    for what in ["execute", "api.transfer_points", "api.merge_accounts", "job sweep", "job reconcile"] {
        assert!(calls.contains_key(what), "{what}: {calls:?}");
    }
    drop(observer);
    let client = database.client().await;
    // Ended sessions have reported what they counted.
    let others = "select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    until("all sessions have ended", async || client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) == 0).await;
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(client.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_laws(&client).await;
    Waits { seen: waits.len(), calls: all, long }
}

#[tokio::test]
async fn none_in_a_moment() {
    let waits = hunt(Duration::from_secs(2), Duration::ZERO).await;
    assert!(waits.seen > 0, "nobody had to wait");
}

/// JIFEN_SECONDS says for how long. With sessions that never pause all processors are taken, and everybody waits for them.
#[tokio::test]
#[ignore = "takes ten minutes"]
async fn none_in_ten_minutes() {
    let waits = hunt(Duration::from_secs(option("JIFEN_SECONDS", 600)), Duration::ZERO).await;
    assert!(waits.seen > 0, "nobody had to wait");
}

/// Where processors aren't the bottleneck, locks aren't either. JIFEN_SECONDS says for how long.
#[tokio::test]
#[ignore = "takes ten minutes, and the machine for itself"]
async fn waits_are_short() {
    let waits = hunt(Duration::from_secs(option("JIFEN_SECONDS", 600)), Duration::from_secs(3)).await;
    assert!(waits.seen > 0, "nobody had to wait");
    assert!(waits.long * 100 <= waits.calls, "more than one call in a hundred waited longer than {LONG:?}");
}
