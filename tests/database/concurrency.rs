//! Real connections at once: what the row locks are for.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::laws::assert_laws;
use crate::common::{Database, Outcome, Request, bucket, execute};

async fn backend_pid(client: &Client) -> i32 {
    client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
}

/// Waits until the server says that a connection waits for a lock.
pub(super) async fn until_blocked(observer: &Client, pid: i32) {
    let blocked = "select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'";
    for _ in 0..3_000 {
        if observer.query_opt(blocked, &[&pid]).await.unwrap().is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("connection {pid} never waited for a lock");
}

/// Sends a request on a task of its own.
fn send(client: &Arc<Client>, request: &Request) -> tokio::task::JoinHandle<Vec<Outcome>> {
    let (client, request) = (Arc::clone(client), request.clone());
    tokio::spawn(async move { execute(&client, &[request], None).await })
}

/// Two members of one bucket, in the order of their names.
fn neighbours() -> [String; 2] {
    let second = (0..).map(|number| format!("n{number}")).find(|name| bucket(name, "points") == bucket("m", "points"));
    ["m".to_owned(), second.unwrap()]
}

/// A hold of which the deadline passes while the batch waits for the account is a hold all the same, and is released next.
#[tokio::test]
async fn what_follows_a_hold_that_ran_out_while_it_waited_is_chained_to_it() {
    let database = Database::new().await;
    let (client, other, observer) =
        (Arc::new(database.client().await), database.client().await, database.client().await);
    execute(&client, &[Request::adjust("wait", 100, "a")], None).await;
    let lock =
        "begin; select from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
        where a.user_id = 'wait' for no key update of b";
    other.batch_execute(lock).await.unwrap();
    let pid = backend_pid(&client).await;
    let deadline = Utc::now() + TimeDelta::seconds(2);
    let batch = [Request::hold("wait", 40, "h").expires_at(deadline), Request::earn("wait", "TASK", "e").points(10)];
    let waiting = tokio::spawn({
        let client = Arc::clone(&client);
        async move { execute(&client, &batch, None).await }
    });
    until_blocked(&observer, pid).await;
    tokio::time::sleep((deadline - Utc::now()).to_std().unwrap_or_default() + Duration::from_millis(100)).await;
    other.batch_execute("commit").await.unwrap();
    let after: Vec<_> = waiting.await.unwrap().into_iter().map(|done| done.entry.unwrap().available_after).collect();
    assert_eq!(after, [60, 70]);
    assert_laws(&client).await;
    let last = execute(&client, &[Request::spend("wait", 110, "s")], None).await.remove(0);
    assert_eq!(last.refusal, None);
    assert_laws(&client).await;
}

#[tokio::test]
async fn writers_on_hot_accounts_lose_and_invent_nothing() {
    const WRITERS: usize = 16;
    const CALLS: usize = 12;
    let database = Database::new().await;
    let barrier = Arc::new(Barrier::new(WRITERS));
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (client, barrier) = (database.client().await, Arc::clone(&barrier));
        writers.push(tokio::spawn(async move {
            barrier.wait().await;
            let mut outcomes = Vec::new();
            for call in 0..CALLS {
                let mut batch = Vec::new();
                for step in 0..10 {
                    // each in its own order, and half of the keys belong to two writers
                    let member = format!("hot{}", (step * 3 + writer + call) % 5);
                    let key = format!("{}-{call}-{step}", if step % 2 == 0 { writer / 2 } else { WRITERS + writer });
                    let member = if step % 2 == 0 { format!("hot{}", step / 2) } else { member };
                    batch.push(match step % 4 {
                        0 | 1 => Request::earn(&member, "TASK", &key).points(20),
                        _ => Request::spend(&member, 15, &key),
                    });
                }
                outcomes.extend(batch.clone().into_iter().zip(execute(&client, &batch, None).await));
            }
            outcomes
        }));
    }
    let mut effects = BTreeSet::new();
    let (mut earned, mut spent, mut replays) = (0, 0, 0);
    for writer in writers {
        for (request, outcome) in writer.await.unwrap() {
            assert!(matches!(outcome.refusal.as_deref(), None | Some("INSUFFICIENT_POINTS")), "{outcome:?}");
            if outcome.replayed {
                replays += 1;
                continue;
            }
            assert!(effects.insert((request.user_id, request.idempotency_key)), "a key took effect twice");
            match request.rule {
                Some(_) => earned += outcome.points.unwrap(),
                None => spent += outcome.points.unwrap(),
            }
        }
    }
    assert_eq!(replays, WRITERS / 2 * CALLS * 5, "each shared key is replayed once");
    let client = database.client().await;
    let totals = client
        .query_one(
            "select sum(earned)::bigint, sum(spent)::bigint, sum(available)::bigint, count(*)
             from api.account where starts_with(user_id, 'hot')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((totals.get(0), totals.get(1), totals.get(2)), (earned, spent, earned - spent));
    assert_eq!(totals.get::<_, i64>(3), 5);
    assert_laws(&client).await;
}

#[tokio::test]
async fn the_second_writer_waits_and_sees_what_the_first_left() {
    let database = Database::new().await;
    let (first, second, observer) = (database.client().await, database.client().await, database.client().await);
    execute(&first, &[Request::adjust("m", 100, "grant")], None).await;
    let pid = backend_pid(&second).await;
    let second = Arc::new(second);

    first.batch_execute("begin").await.unwrap();
    execute(&first, &[Request::spend("m", 70, "first")], None).await;
    let waiting = send(&second, &Request::spend("m", 70, "second"));
    until_blocked(&observer, pid).await;
    assert!(!waiting.is_finished());
    first.batch_execute("commit").await.unwrap();

    let outcome = waiting.await.unwrap().remove(0);
    assert_eq!(outcome.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    assert_eq!(outcome.detail.unwrap()["available"], 30);
    assert_laws(&observer).await;
}

#[tokio::test]
async fn one_key_sent_twice_at_once_takes_effect_once() {
    let database = Database::new().await;
    let (first, second, observer) = (database.client().await, database.client().await, database.client().await);
    let pid = backend_pid(&second).await;
    let second = Arc::new(second);
    for user in ["bob", "new"] {
        let request = Request::earn(user, "TASK", "same").points(40);
        first.batch_execute("begin").await.unwrap();
        let outcome = execute(&first, std::slice::from_ref(&request), None).await.remove(0);
        let waiting = send(&second, &request);
        until_blocked(&observer, pid).await;
        first.batch_execute("commit").await.unwrap();
        let other = waiting.await.unwrap().remove(0);
        assert_eq!((outcome.replayed, other.replayed), (false, true), "{user}");
        assert_eq!(outcome.entry, other.entry);
        assert_eq!(other.account.unwrap().earned, outcome.account.unwrap().earned);
    }
    assert_laws(&observer).await;
}

#[tokio::test]
async fn a_key_whose_transaction_rolled_back_is_free() {
    let database = Database::new().await;
    let (first, second, observer) = (database.client().await, database.client().await, database.client().await);
    let pid = backend_pid(&second).await;
    let second = Arc::new(second);
    for user in ["bob", "new"] {
        first.batch_execute("begin").await.unwrap();
        execute(&first, &[Request::earn(user, "TASK", "same").points(40)], None).await;
        let waiting = send(&second, &Request::earn(user, "TASK", "same").points(7));
        until_blocked(&observer, pid).await;
        first.batch_execute("rollback").await.unwrap();
        let outcome = waiting.await.unwrap().remove(0);
        assert_eq!((outcome.refusal, outcome.replayed, outcome.points), (None, false, Some(7)), "{user}");
    }
    assert_laws(&observer).await;
}

#[tokio::test]
async fn opposite_orders_of_new_members_do_not_deadlock() {
    let database = Database::new().await;
    let clients = [database.client().await, database.client().await];
    let [one, two] = neighbours();
    for round in 0..40 {
        let member = |name: &str| {
            // as a bucket depends on the name, look for one with the same bucket as the round's first
            let wanted = bucket(&format!("{one}-{round}"), "points");
            (0..).map(|n| format!("{name}-{round}-{n}")).find(|name| bucket(name, "points") == wanted).unwrap()
        };
        let (a, b) = (member(&one), member(&two));
        let batch = |first: &str, second: &str, key: &str| {
            [Request::earn(first, "TASK", key), Request::earn(second, "TASK", key)]
        };
        let (forth, back) = (batch(&a, &b, "forth"), batch(&b, &a, "back"));
        let (forth, back) = tokio::join!(execute(&clients[0], &forth, None), execute(&clients[1], &back, None));
        for outcome in forth.iter().chain(&back) {
            assert_eq!(outcome.refusal, None);
        }
    }
    assert_laws(&clients[0]).await;
}

#[tokio::test]
async fn opposite_orders_of_known_members_do_not_deadlock() {
    let database = Database::new().await;
    let [a, b] = neighbours();
    let (gate, first, second) = (database.client().await, database.client().await, database.client().await);
    let observer = database.client().await;
    execute(&gate, &[Request::adjust(&a, 10, "grant"), Request::adjust(&b, 10, "grant")], None).await;
    let pids = [backend_pid(&first).await, backend_pid(&second).await];

    // both queue behind the account that they lock first
    gate.batch_execute("begin").await.unwrap();
    execute(&gate, &[Request::spend(&a, 1, "gate")], None).await;
    let forth = [Request::spend(&a, 1, "forth"), Request::spend(&b, 1, "forth")];
    let back = [Request::spend(&b, 1, "back"), Request::spend(&a, 1, "back")];
    let forth = tokio::spawn(async move { execute(&first, &forth, None).await });
    let back = tokio::spawn(async move { execute(&second, &back, None).await });
    for pid in pids {
        until_blocked(&observer, pid).await;
    }
    gate.batch_execute("commit").await.unwrap();
    for outcome in forth.await.unwrap().into_iter().chain(back.await.unwrap()) {
        assert_eq!(outcome.refusal, None);
    }
    assert_laws(&observer).await;
}
