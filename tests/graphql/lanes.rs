//! Writes when things go wrong: a full queue, an operation that fails its batch, a connection that is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jifen::{database, lanes::TURNS};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};
use tokio_postgres::Client;

use super::{Gateway, code, hold_up, make_key, members, until, until_held_up, until_within};
use crate::{
    common::{Database, Fault, MARK, Proxy, marked},
    database::assert_laws,
};

async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn what_queues_in_a_lane_goes_in_few_transactions() {
    let (gateway, database) = Gateway::new().await;
    let (client, mut blocker) = (database.client().await, database.client().await);
    let users = members(3, 101);
    gateway.sign_in(&users[0], "0").await.unwrap();
    hold_up(&mut blocker, &users[0]).await;
    let mut sending = JoinSet::new();
    let send = |sending: &mut JoinSet<_>, user: &str| {
        let (gateway, user) = (gateway.clone(), user.to_owned());
        sending.spawn(async move { gateway.sign_in(&user, "queued").await });
    };
    send(&mut sending, &users[0]);
    until_held_up(&client).await;
    for user in &users[1..] {
        send(&mut sending, user);
    }
    // long enough for them to arrive; those that don't are sent later, in a few more
    tokio::time::sleep(Duration::from_millis(700)).await;
    blocker.batch_execute("rollback").await.unwrap();
    for payload in sending.join_all().await {
        assert_eq!(payload.unwrap()["replayed"], false);
    }
    let queued = "from points.operation where idempotency_key = 'queued'";
    assert_eq!(count(&client, &format!("select count(*) {queued}")).await, 101);
    let transactions = count(&client, &format!("select count(distinct xmin::text) {queued}")).await;
    assert!(transactions <= 25, "{transactions}");
    assert_laws(&client).await;
}

#[tokio::test]
async fn lanes_that_hang_hold_up_no_other() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let users: Vec<_> = (0..=TURNS as i16).flat_map(|bucket| members(bucket, 1)).collect();
    let (free, held) = users.split_last().unwrap();
    let (mut blockers, mut sending) = (Vec::new(), JoinSet::new());
    for user in held {
        gateway.sign_in(user, "first").await.unwrap();
        let mut blocker = database.client().await;
        hold_up(&mut blocker, user).await;
        blockers.push(blocker);
        let (gateway, user) = (gateway.clone(), user.clone());
        sending.spawn(async move { gateway.sign_in(&user, "queued").await });
    }
    let waiting = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ 'api.execute'";
    until("each turn is taken", async || count(&client, waiting).await == TURNS as i64).await;
    let other = timeout(Duration::from_secs(5), gateway.sign_in(free, "first")).await;
    other.expect("an answer while the others wait").unwrap();
    // none of them has given up, which would give its turn back as well
    for blocker in blockers {
        blocker.batch_execute("rollback").await.unwrap();
    }
    for payload in sending.join_all().await {
        assert_eq!(payload.unwrap()["replayed"], false);
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_operation_that_raises_fails_alone() {
    let (gateway, database) = Gateway::new().await;
    let (client, mut blocker) = (database.client().await, database.client().await);
    let users = members(5, 52);
    for user in &users {
        gateway.sign_in(user, "earned").await.unwrap();
    }
    let (first, broken) = (&users[0], &users[20]);
    // its points are there and the lots that they came in are not: LP901
    let delete = "delete from points.lot l using points.account a
        where (a.bucket, a.id) = (l.bucket, l.account_id) and a.user_id = $1";
    assert_eq!(client.execute(delete, &[broken]).await.unwrap(), 1);

    hold_up(&mut blocker, first).await;
    let mut sending = JoinSet::new();
    let send = |sending: &mut JoinSet<_>, user: &str| {
        let (gateway, user) = (gateway.clone(), user.to_owned());
        sending.spawn(async move { (gateway.spend(&user, 2, "spent").await, user) });
    };
    send(&mut sending, first);
    until_held_up(&client).await;
    for user in &users[1..] {
        send(&mut sending, user);
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    blocker.batch_execute("rollback").await.unwrap();
    let answers = sending.join_all().await;
    assert_eq!(answers.len(), 52);
    for (answer, user) in answers {
        if user == *broken {
            assert_eq!(code(&answer.unwrap_err()), "INTERNAL");
        } else {
            assert_eq!(answer.unwrap()["account"]["balance"]["available"], 3, "{user}");
        }
    }
    assert_eq!(count(&client, "select count(*) from points.operation where idempotency_key = 'spent'").await, 51);
}

#[tokio::test]
async fn a_full_queue_refuses_and_the_same_requests_succeed_later() {
    let (gateway, database) = Gateway::new().await;
    let (client, mut blocker) = (database.client().await, database.client().await);
    gateway.sign_in("dora", "first").await.unwrap();
    hold_up(&mut blocker, "dora").await;

    // one under way, and half as many again as there is room for
    let mut sending = JoinSet::new();
    let batch = |number: usize| {
        let gateway = gateway.clone();
        async move {
            let inputs: Vec<_> = (0..500)
                .map(|key| json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": format!("{number}-{key}") }))
                .collect();
            let query = "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) {
                __typename ... on EarnPointsPayload { replayed } ... on Refusal { code retryable }
            } }";
            gateway.ask(query, json!({ "inputs": inputs })).await["earnPointsBatch"].take()
        }
    };
    let held_up = gateway.clone();
    let first = tokio::spawn(async move { held_up.sign_in("dora", "held up").await });
    until_held_up(&client).await;
    for number in 0..3 {
        sending.spawn(batch(number));
    }
    // until there is no room: one that finds room waits
    let mut probes = JoinSet::new();
    until("the queue is full", async || {
        let (gateway, key) = (gateway.clone(), format!("probe {}", probes.len()));
        probes.spawn(async move { gateway.sign_in("dora", &key).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        match probes.try_join_next() {
            Some(answer) => {
                let error = answer.unwrap().unwrap_err();
                assert_eq!(code(&error), "OVERLOADED");
                assert_eq!(error["extensions"]["retryable"], true);
                true
            }
            None => false,
        }
    })
    .await;
    blocker.batch_execute("rollback").await.unwrap();

    let mut answers: Vec<Value> = Vec::new();
    for batch in sending.join_all().await {
        answers.extend(batch.as_array().unwrap().iter().cloned());
    }
    let overloaded = json!({ "__typename": "Refusal", "code": "OVERLOADED", "retryable": true });
    let done = json!({ "__typename": "EarnPointsPayload", "replayed": false });
    assert!(answers.iter().all(|answer| *answer == done || *answer == overloaded));
    let refused = answers.iter().filter(|answer| **answer == overloaded).count();
    assert!(refused >= 200, "{refused}");
    let stored = "select count(*) from points.operation where idempotency_key ~ '^[0-2]-'";
    assert_eq!(count(&client, stored).await, 1500 - refused as i64);

    for number in 0..3 {
        let answers = batch(number).await;
        assert!(answers.as_array().unwrap().iter().all(|answer| answer["__typename"] == "EarnPointsPayload"));
    }
    assert_eq!(count(&client, stored).await, 1500);
    let first = first.await.unwrap();
    assert!(first.is_ok() || code(first.as_ref().unwrap_err()) == "OVERLOADED");
    probes.join_all().await;
    assert_laws(&client).await;
}

/// A gateway whose connections a proxy loses so many times, and its database.
async fn behind_proxy(fault: Fault, left: &Arc<AtomicUsize>) -> (Gateway, Database) {
    let database = Database::new().await;
    let key = make_key(&database, "test", &["earn", "spend", "read"], None).await;
    let proxy = Proxy::start(&database.url(), marked(fault, left.clone())).await;
    let gateway = Gateway::over(&proxy.url(), &key).await;
    // It stands there as long as the gateway.
    std::mem::forget(proxy);
    (gateway, database)
}

#[tokio::test]
async fn a_connection_lost_at_any_moment_costs_nothing_and_doubles_nothing() {
    for (fault, replayed) in [(Fault::CutBefore, false), (Fault::CutAfter, true)] {
        let left = Arc::new(AtomicUsize::new(3));
        let (gateway, database) = behind_proxy(fault, &left).await;
        let payload = gateway.sign_in("dora", MARK).await.unwrap();
        assert_eq!(left.load(Ordering::SeqCst), 0, "{fault:?}");
        assert_eq!(payload["replayed"], replayed, "{fault:?}");
        assert_eq!(payload["account"]["balance"]["available"], 5, "{fault:?}");
        assert_eq!(payload["entry"]["seq"], 1, "{fault:?}");
        let client = database.client().await;
        assert_eq!(
            count(&client, "select count(*) from points.operation where client_id >= 100").await,
            1,
            "{fault:?}"
        );
        assert_laws(&client).await;
    }
}

#[tokio::test]
async fn an_outcome_that_stays_unknown_is_told_and_the_same_key_finds_it() {
    let left = Arc::new(AtomicUsize::new(usize::MAX));
    let (gateway, database) = behind_proxy(Fault::CutAfter, &left).await;
    let error = gateway.sign_in("dora", MARK).await.unwrap_err();
    assert_eq!(code(&error), "OUTCOME_UNKNOWN");
    assert_eq!(error["extensions"]["retryable"], true);
    left.store(0, Ordering::SeqCst);
    let payload = gateway.sign_in("dora", MARK).await.unwrap();
    assert_eq!((&payload["replayed"], &payload["entry"]["seq"]), (&json!(true), &json!(1)));
    assert_eq!(gateway.available("dora").await, 5);
    assert_laws(&database.client().await).await;
}

#[tokio::test]
async fn a_lane_finds_its_connection_again_after_a_rest() {
    let (gateway, database) = Gateway::new().await;
    gateway.sign_in("dora", "1").await.unwrap();
    let client = database.client().await;
    client
        .batch_execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
    assert_eq!(gateway.sign_in("dora", "2").await.unwrap()["replayed"], false);
    until("reads work again", async || {
        gateway.send("{ account(userId: \"dora\") { version } }", json!({})).await["data"]["account"]["version"] == 2
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_given_up_is_closed_though_the_server_is_silent() {
    let database = Database::new().await;
    let proxy = Proxy::start(&database.url(), marked(Fault::SilentBefore, Arc::new(AtomicUsize::new(1)))).await;
    let mut config = database::parse_url(&proxy.url()).unwrap();
    config.application_name("given up");
    let client = database.client().await;
    let open = "select count(*) from pg_stat_activity where application_name = 'given up'
        and datname = current_database()";
    let session = database::session(&config).await.unwrap();
    assert_eq!(count(&client, open).await, 1);
    let asked = database::within(Duration::from_millis(100), session.batch_execute(&format!("select '{MARK}'"))).await;
    assert_eq!(asked.unwrap_err(), database::NO_ANSWER);
    drop(session);
    until_within(Duration::from_secs(15), "it is closed", async || count(&client, open).await == 0).await;
}
