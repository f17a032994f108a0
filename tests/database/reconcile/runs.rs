//! Runs: how they end, and that they report nothing of what is right.

use serde_json::Value;

use super::{assert_reconciled, discrepancies, prove, run};
use crate::{
    common::{Database, Request, execute},
    database::{number, sqlstate},
};

/// A run that goes on is not given up however long it takes; of one that does not, nothing stays.
#[tokio::test]
async fn a_run_that_does_not_get_on_is_given_up() {
    let database = Database::new().await;
    let client = database.client().await;
    let step = "select run from points.run_step('full', 100000, null)";
    for _ in 0..5 {
        assert_eq!(number(&client, step).await, 1);
    }
    client
        .batch_execute("update points.reconciliation_run set started_at = started_at - interval '2 days'")
        .await
        .unwrap();
    assert_eq!(number(&client, step).await, 1);
    client
        .batch_execute("update points.reconciliation_chunk set progress_at = progress_at - interval '25 hours'")
        .await
        .unwrap();
    assert_eq!(number(&client, step).await, 2);
    let left =
        "select (select count(*) from points.reconciliation_chunk) + (select count(*) from points.reconciliation_sum)";
    assert_eq!(number(&client, left).await, 0);
    assert_eq!(number(&client, "select count(*) from points.reconciliation_run where given_up").await, 1);
    // What was booked since makes the chunks of an incremental one larger, so it does not wait as long.
    prove(&client).await;
    let step_of_what_is_new = "select run from points.run_step('incremental', 100000, null)";
    let begun = number(&client, step_of_what_is_new).await;
    assert_eq!(number(&client, step_of_what_is_new).await, begun);
    client
        .batch_execute("update points.reconciliation_run set started_at = started_at - interval '11 minutes'")
        .await
        .unwrap();
    assert!(number(&client, step_of_what_is_new).await > begun);
    // A mark that is older than its clock proves nothing.
    client.batch_execute("begin isolation level repeatable read").await.unwrap();
    assert_eq!(sqlstate(client.query(step, &[]).await), "25000");
}

/// Rows whose weights need more than 64 bits are summed up like others.
#[tokio::test]
async fn large_rows_are_no_reason_to_look_row_by_row() {
    let database = Database::new().await;
    let client = database.client().await;
    let book = "select api.adjust_points('rich', 700000000, 'rich-1', 'a prize', 'tester');
        select api.spend_points('rich', 600000000, 'rich-2')";
    client.batch_execute(book).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    let summed = "select count(*) from points.run_step('full', 100000, null) s
        join points.reconciliation_chunk c on c.run = s.run and not c.done and c.kind < 'bucket'";
    for _ in 0..3 {
        number(&client, summed).await;
    }
    while number(&client, summed).await > 0 {}
    let weigh = "select count(*) from points.reconciliation_run r cross join points.lane l
        cross join lateral points.weigh_bucket(r.id, l.bucket, r.settled_at) w where r.ended_at is null and w.parts <> '{}'";
    assert_eq!(number(&client, weigh).await, 0);
    let damage = "set session_replication_role = replica; update points.lot_use set points = points - 1 where points = 600000000";
    client.batch_execute(damage).await.unwrap();
    run(&client, "full").await;
    run(&client, "full").await;
    let found = discrepancies(&client).await;
    assert!(found.iter().any(|(_, user_id, _)| user_id.as_deref() == Some("rich")), "{found:?}");
}

/// The gateways' jobs are the same runs.
#[tokio::test]
async fn jobs_prove_the_books_step_by_step() {
    let database = Database::new().await;
    let client = database.client().await;
    for job in ["reconcile_full", "reconcile"] {
        for _ in 0..3 {
            let sql = "select more, failure from api.run_job($1, 10)";
            let row = client.query_one(sql, &[&job]).await.unwrap();
            assert_eq!(row.get::<_, Option<String>>(1), None);
            if !row.get::<_, bool>(0) {
                break;
            }
        }
    }
    // Whether anything is proven depends on the transactions of other tests.
    let ended =
        "select count(*) from api.reconciliation_run where ended_at is not null and not given_up and discrepancies = 0";
    assert_eq!(number(&client, ended).await, 2);
    let trial = "select trial from api.reconciliation_run where mode = 'full' order by id limit 1";
    let trial: Value = client.query_one(trial, &[]).await.unwrap().get(0);
    let sum: i64 = trial.as_object().unwrap().values().map(|points| points.as_i64().unwrap()).sum();
    assert_eq!((sum, &trial["issuance"]), (0, &Value::from(-1671)), "{trial}");
    assert_eq!(number(&client, "select count(*) from points.reconciliation_sum").await, 0);
    let results = "select count(*) from points.reconciliation_result r join points.reconciliation_check c on c.name = r.check_name
        where r.accounts <> 3 and r.run = (select min(id) from points.reconciliation_run)";
    assert_eq!(number(&client, results).await, 0);
}

/// Members earn, spend and hold on several connections while both kinds of runs go on: nothing is reported.
async fn nothing_is_reported_under_load(rounds: i64) {
    let database = Database::new().await;
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let url = database.url();
            tokio::spawn(async move {
                let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                for round in 0..rounds {
                    let mut requests = Vec::new();
                    for member in 0..100 {
                        let user_id = format!("member-{}", (member * 7 + writer) % 150);
                        let key = |what: &str| format!("{what}-{writer}-{round}-{member}");
                        requests.push(Request::earn(&user_id, "ORDER", &key("earn")).amount("12"));
                        requests.push(Request::spend(&user_id, 5, &key("spend")));
                        requests.push(Request::hold(&user_id, 2, &key("hold")));
                    }
                    execute(&client, &requests, None).await;
                }
            })
        })
        .collect();
    let client = database.client().await;
    let mut runs = 0;
    while runs < 3 || !writers.iter().all(|writer| writer.is_finished()) {
        run(&client, if runs % 3 == 2 { "full" } else { "incremental" }).await;
        assert_eq!(discrepancies(&client).await, []);
        runs += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_reconciled(&client).await;
    let operations = number(&client, "select count(*) from points.operation where client_id = 1").await;
    assert!(operations >= rounds * 900, "{operations}");
}

#[tokio::test]
async fn nothing_is_reported_while_members_earn_and_spend() {
    nothing_is_reported_under_load(3).await;
}

/// The same with a million operations.
#[tokio::test]
#[ignore = "takes minutes"]
async fn nothing_is_reported_of_a_million_operations_under_load() {
    nothing_is_reported_under_load(1112).await;
}
