//! Erasing a member: no name is left, and the books are as equal as before.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio_postgres::{Client, Row};

use super::{
    assert_laws, number, one, sqlstate,
    transfers::{accept, give, offer, reverse, transfer},
};
use crate::common::{Database, Kind, Request};

pub fn erase(user: &str, key: &str) -> Request {
    Request { kind: Some(Kind::Erase), points: None, ..Request::adjust(user, 1, key) }
}

async fn run(client: &Client, request: &Request) -> Row {
    client.query_one("select * from points.run_erase($1)", &[request]).await.unwrap()
}

/// Refusal, replayed, accounts, points.
async fn erased(client: &Client, request: &Request) -> (Option<String>, bool, Option<i32>, Option<i64>) {
    let row = run(client, request).await;
    (row.get("refusal"), row.get("replayed"), row.get("accounts"), row.get("points"))
}

/// Rows of schema points that have the text anywhere.
async fn traces(client: &Client, text: &str) -> Vec<String> {
    let tables = client
        .query(
            "select oid::regclass::text from pg_class
             where relnamespace = 'points'::regnamespace and relkind in ('r', 'p') and not relispartition",
            &[],
        )
        .await
        .unwrap();
    assert!(tables.len() > 15);
    let mut found = Vec::new();
    for table in &tables {
        let table: &str = table.get(0);
        let rows = format!("select t::text from {table} t where strpos(t::text, $1) > 0");
        let rows = client.query(&rows, &[&text]).await.unwrap();
        found.extend(rows.iter().map(|row| format!("{table} {}", row.get::<_, String>(0))));
    }
    found
}

/// A member with every kind of row: awards, spends, pending points, holds, transfers both ways, in two wallets.
async fn busy(client: &Client, user: &str) {
    client
        .batch_execute(
            "insert into points.wallet values ('coins', 'Coins') on conflict do nothing;
             select api.create_rule('WAIT', 'Waits'); select api.create_rule_version('WAIT', 'given', p_pending_days => 5)",
        )
        .await
        .unwrap();
    let coins = Request { wallet: Some("coins".to_owned()), ..Request::adjust(user, 7, "c") };
    let hold = Request { kind: Some(Kind::Hold), ..Request::spend(user, 30, "h") };
    for request in [
        Request::earn(user, "ORDER", "o").amount("1500"),
        Request::earn(user, "WAIT", "w").points(40),
        coins,
        hold,
        Request::spend(user, 100, "s"),
        Request { reason: Some("a cap".to_owned()), ..Request::spend(user, 5, "s2") },
    ] {
        assert_eq!(one(client, request, None).await.refusal, None);
    }
    transfer(client, give(user, "ed", 200, "t"), None).await;
    transfer(client, give("ed", user, 50, "t2"), None).await;
    transfer(client, offer(user, "ed", 60, "of", None), None).await;
}

#[tokio::test]
async fn no_trace_of_the_name_is_left_and_the_sums_are_equal() {
    let database = Database::new().await;
    let client = database.client().await;
    busy(&client, "dorothea").await;
    assert!(!traces(&client, "dorothea").await.is_empty());
    let flows = "select sum(pending + available + held - debt - adjusted)::bigint from points.balance";
    let before = number(&client, flows).await;
    // 1500 + 40 - 105 - 200 + 50 points, of which 90 are held, and 7 coins
    assert_eq!(erased(&client, &erase("dorothea", "e")).await, (None, false, Some(2), Some(1_292)));
    assert_eq!(traces(&client, "dorothea").await, [""; 0]);
    assert_eq!(number(&client, flows).await, before);
    assert_laws(&client).await;
    let left =
        "select count(*) from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
        where a.user_id is null and (b.pending + b.available + b.held + b.debt > 0 or not b.closed)";
    assert_eq!(number(&client, left).await, 0);
}

#[tokio::test]
async fn why_and_who_is_kept_and_repeating_it_does_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    busy(&client, "dorothea").await;
    let first = run(&client, &erase("dorothea", "e")).await;
    let rows = client
        .query(
            "select wallet, points, reason, actor, idempotency_key, detail from api.operation where kind = 'erase' order by wallet",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
    let detail: serde_json::Value = rows[1].get(5);
    assert_eq!(detail, json!({ "pending": 40, "available": 1_245, "debt": 0 }));
    for row in &rows {
        assert_eq!((row.get(2), row.get(3), row.get(4)), ("correction", "tester", "e"));
    }

    // a late repetition does not touch who has the name by then
    one(&client, Request::adjust("dorothea", 5, "again"), None).await;
    let again = run(&client, &erase("dorothea", "e")).await;
    assert!(again.get::<_, bool>("replayed"));
    for column in ["accounts", "points", "erased_at"] {
        let text = |row: &Row| match column {
            "accounts" => row.get::<_, i32>(column).to_string(),
            "points" => row.get::<_, i64>(column).to_string(),
            _ => row.get::<_, chrono::DateTime<chrono::Utc>>(column).to_string(),
        };
        assert_eq!(text(&first), text(&again));
    }
    assert_eq!(number(&client, "select available from api.account where user_id = 'dorothea'").await, 5);
    assert_eq!(erased(&client, &erase("dorothea", "e2")).await, (None, false, Some(1), Some(5)));
    // nobody there, and remembered
    assert_eq!(erased(&client, &erase("nobody", "e")).await, (None, false, Some(0), Some(0)));
    assert_eq!(erased(&client, &erase("nobody", "e")).await, (None, true, Some(0), Some(0)));
    assert_laws(&client).await;
}

#[tokio::test]
async fn the_same_name_afterwards_is_a_new_member() {
    let database = Database::new().await;
    let client = database.client().await;
    busy(&client, "dorothea").await;
    run(&client, &erase("dorothea", "e")).await;
    // a key that the erased member used is free, for it is another account
    let outcome = one(&client, Request::earn("dorothea", "ORDER", "o").amount("3"), None).await;
    assert!(!outcome.replayed);
    let account = outcome.account.unwrap();
    assert_eq!((account.available, account.earned, account.version), (3, 3, 1));
    assert_eq!(account.level.as_deref(), Some("NORMAL"));
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_debt_is_written_off_too() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("ann", 100, "g"), None).await;
    let sent = transfer(&client, give("ann", "dorothea", 50, "t"), None).await;
    one(&client, Request::spend("dorothea", 50, "s"), None).await;
    transfer(&client, reverse("ann", sent.id.unwrap(), "r"), None).await;
    assert_eq!(erased(&client, &erase("dorothea", "e")).await, (None, false, Some(1), Some(0)));
    assert_eq!(number(&client, "select points from api.operation where kind = 'erase'").await, 50);
    assert_laws(&client).await;
}

#[tokio::test]
async fn who_gave_to_an_erased_member_or_got_from_one_keeps_the_books() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("ann", 100, "g"), None).await;
    let sent = transfer(&client, give("ann", "dorothea", 50, "t"), None).await;
    let made = transfer(&client, offer("ann", "dorothea", 20, "o", None), None).await;
    run(&client, &erase("dorothea", "e")).await;
    let back = transfer(&client, reverse("ann", sent.id.unwrap(), "r"), None).await;
    assert_eq!(back.refusal.as_deref(), Some("NOT_REVERSIBLE"));
    // the namesake is somebody else
    let taken = transfer(&client, accept("ann", "dorothea", made.id.unwrap(), "a"), None).await;
    assert_eq!(taken.refusal.as_deref(), Some("UNKNOWN_OPERATION"));
    let again = transfer(&client, give("ann", "dorothea", 50, "t"), None).await;
    assert_eq!((again.replayed, again.counterparty, again.available), (true, None, Some(30)));
    let ended = transfer(&client, super::transfers::cancel("ann", made.id.unwrap(), "c"), None).await;
    assert_eq!((ended.refusal, ended.available), (None, Some(50)));
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_waits_for_an_erased_account_is_told_to_look_again() {
    let database = Database::new().await;
    let (eraser, waiter, observer) =
        (database.client().await, Arc::new(database.client().await), database.client().await);
    one(&observer, Request::adjust("dorothea", 100, "g"), None).await;
    eraser.batch_execute("begin").await.unwrap();
    run(&eraser, &erase("dorothea", "e")).await;
    let pid: i32 = waiter.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let waiting = tokio::spawn({
        let waiter = Arc::clone(&waiter);
        async move { waiter.execute("select api.earn_points('dorothea', 'TASK', 'late', p_points => 3)", &[]).await }
    });
    let blocked = "select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'";
    while observer.query_opt(blocked, &[&pid]).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    eraser.batch_execute("commit").await.unwrap();
    assert_eq!(sqlstate(waiting.await.unwrap()), "40001");
    waiter.execute("select api.earn_points('dorothea', 'TASK', 'late', p_points => 3)", &[]).await.unwrap();
    assert_eq!(number(&observer, "select available from api.account where user_id = 'dorothea'").await, 3);
    assert_laws(&observer).await;
}

#[tokio::test]
async fn erasing_while_others_write_loses_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    let mut writers = Vec::new();
    for writer in 0..4 {
        let client = database.client().await;
        writers.push(tokio::spawn(async move {
            let (mut done, mut again) = (0, 0);
            for step in 0..60 {
                let key = format!("{writer}-{step}");
                let sql = match writer {
                    0 => format!("select api.transfer_points('ed{step}', 'dorothea', 2, '{key}')"),
                    1 if step % 6 == 5 => format!("select api.erase_member('dorothea', '{key}', 'r', 'a')"),
                    _ => format!("select api.earn_points('dorothea', 'TASK', '{key}', p_points => 3)"),
                };
                if writer == 0 {
                    let grant = format!("select api.adjust_points('ed{step}', 2, 'g', 'r', 'a')");
                    client.batch_execute(&grant).await.unwrap();
                }
                loop {
                    match client.batch_execute(&sql).await {
                        Ok(()) => break,
                        Err(error) => assert_eq!(error.code().map(|code| code.code()), Some("40001"), "{error:?}"),
                    }
                    again += 1;
                }
                done += 1;
            }
            (done, again)
        }));
    }
    for writer in writers {
        assert_eq!(writer.await.unwrap().0, 60);
    }
    assert_laws(&client).await;
    assert_eq!(number(&client, "select sum(transferred)::bigint from points.balance").await, 0);
    let earned = "select sum(earned)::bigint from points.balance b join points.account a on a.id = b.account_id
        where a.user_id = 'dorothea' or a.user_id is null";
    assert_eq!(number(&client, earned).await, 3 * (50 + 120));
}

#[tokio::test]
async fn it_needs_a_reason_a_person_a_free_key_and_the_scope() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("dorothea", 100, "used"), None).await;
    client.batch_execute("select api.create_client('shop', sha256('x'), '{earn,spend,reverse,read}')").await.unwrap();
    let shop: i32 = client.query_one("select id from points.client where name = 'shop'", &[]).await.unwrap().get(0);
    let good = erase("dorothea", "e");
    for (request, expected) in [
        (Request { reason: None, ..good.clone() }, "INVALID_INPUT"),
        (Request { actor: None, ..good.clone() }, "INVALID_INPUT"),
        (Request { user_id: Some(String::new()), ..good.clone() }, "INVALID_INPUT"),
        (Request { idempotency_key: None, ..good.clone() }, "INVALID_INPUT"),
        (Request { client_id: Some(shop), ..good.clone() }, "FORBIDDEN"),
        (erase("dorothea", "used"), "IDEMPOTENCY_CONFLICT"),
    ] {
        assert_eq!(erased(&client, &request).await.0.as_deref(), Some(expected), "{request:?}");
    }
    // not through the lanes
    assert_eq!(one(&client, good, None).await.refusal.as_deref(), Some("INVALID_INPUT"));
    assert_eq!(number(&client, "select available from api.account where user_id = 'dorothea'").await, 100);

    let operator = database.client_as("jifen_operator").await;
    operator.batch_execute("select api.erase_member('dorothea', 'e', 'asked for')").await.unwrap();
    assert_eq!(sqlstate(operator.batch_execute("select api.execute_erase(null)").await), "42501");
    assert_eq!(sqlstate(operator.batch_execute("select api.erase_member('dorothea', 'e', '')").await), "LP001");
    let gateway = database.client_as("jifen_gateway").await;
    let own = "select api.erase_member('dorothea', 'e', 'asked for')";
    assert_eq!(sqlstate(gateway.batch_execute(own).await), "42501");
}
