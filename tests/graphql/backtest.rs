use std::time::Duration;

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

use super::{Gateway, code, make_key, until};

const BACKTEST: &str = r#"query($rule: String = "ORDER", $version: Int = 2, $from: DateTime!, $to: DateTime!) {
    backtestRule(rule: $rule, version: $version, from: $from, to: $to) {
        operations refused capped pointsBefore pointsAfter members gaining losing levelsUp levelsDown
        days { day operations pointsBefore pointsAfter }
        mostGained { userId wallet operations pointsBefore pointsAfter } mostLost { userId }
    } }"#;

fn year(from: &str) -> Value {
    json!({ "from": format!("{from}-01-01T00:00:00Z"), "to": "2190-01-01T00:00:00Z" })
}

#[tokio::test]
async fn a_draft_is_run_over_history() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.draft_rule_version('ORDER', 'amount', 'd', p_points_per_unit => 4, p_cap_points => 5000)",
        )
        .await
        .unwrap();
    let data = gateway.ask(BACKTEST, year("2020")).await;
    let mut report = data["backtestRule"].clone();
    assert!(report["days"][0]["day"].as_str().unwrap().len() == 10, "{report}");
    report["days"][0]["day"].take();
    assert_eq!(
        report,
        json!({
            "operations": 2, "refused": 0, "capped": 1, "pointsBefore": 1366, "pointsAfter": 5347, "members": 2, "gaining": 2,
            "losing": 0, "levelsUp": 1, "levelsDown": 0,
            "days": [{ "day": null, "operations": 2, "pointsBefore": 1366, "pointsAfter": 5347 }],
            "mostGained": [
                { "userId": "alice", "wallet": "points", "operations": 1, "pointsBefore": 1280, "pointsAfter": 5000 },
                { "userId": "bob", "wallet": "points", "operations": 1, "pointsBefore": 86, "pointsAfter": 347 },
            ],
            "mostLost": [],
        })
    );
}

#[tokio::test]
async fn a_back_test_needs_the_scope_rules_and_a_version() {
    let (gateway, database) = Gateway::new().await;
    let reader = gateway.with_key(&make_key(&database, "reader", &["read"], None).await);
    assert_eq!(code(&reader.refused(BACKTEST, year("2020")).await), "FORBIDDEN");
    let error = gateway.refused(BACKTEST, year("2020")).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["version"])));
    let with = |name: &str, value: Value| {
        let mut variables = year("2020");
        variables["version"] = json!(1);
        variables[name] = value;
        variables
    };
    assert_eq!(code(&gateway.refused(BACKTEST, with("rule", json!("NONE"))).await), "UNKNOWN_RULE");
    for (path, name, value) in [
        ("to", "to", json!("2020-01-01T00:00:00Z")),
        ("from", "from", json!("-200000-01-01T00:00:00Z")),
        ("rule", "rule", json!("O\0")),
    ] {
        let error = gateway.refused(BACKTEST, with(name, value)).await;
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!([path])), "{error}");
    }
}

#[tokio::test]
async fn one_back_test_runs_at_a_time_and_holds_up_nothing_else() {
    let (gateway, database) = Gateway::new().await;
    let blocker = database.client().await;
    blocker.batch_execute("begin; lock table points.rule_version in access exclusive mode").await.unwrap();
    let mut variables = year("2020");
    variables["version"] = json!(1);
    let waiting = tokio::spawn({
        let (gateway, variables) = (gateway.clone(), variables.clone());
        async move { gateway.ask(BACKTEST, variables).await }
    });
    let client = database.client().await;
    let held_up = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'api.backtest_rule'
        and datname = current_database()";
    until("a back-test waits", async || client.query_one(held_up, &[]).await.unwrap().get::<_, i64>(0) > 0).await;
    assert_eq!(code(&gateway.refused(BACKTEST, variables).await), "OVERLOADED");
    assert_eq!(gateway.available("alice").await, 1085);
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!(waiting.await.unwrap()["backtestRule"]["operations"], 2);
}

#[tokio::test]
async fn a_report_that_nobody_waits_for_any_more_ends_and_holds_up_no_other() {
    let (gateway, database) = Gateway::new().await;
    let (blocker, client) = (database.client().await, database.client().await);
    blocker.batch_execute("begin; lock table points.rule_version in access exclusive mode").await.unwrap();
    let mut variables = year("2020");
    variables["version"] = json!(1);
    let body = json!({ "query": BACKTEST, "variables": variables }).to_string();
    let (key, length) = (&gateway.key, body.len());
    let mut caller = TcpStream::connect(gateway.address).await.unwrap();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: jifen\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    caller.write_all(request.as_bytes()).await.unwrap();
    let held_up = async || {
        let count =
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'api.backtest_rule'
            and datname = current_database()";
        client.query_one(count, &[]).await.unwrap().get::<_, i64>(0) > 0
    };
    until("a back-test waits", held_up).await;
    drop(caller);
    // Until the gateway has heard of it, one report runs.
    let another = async || gateway.send("{ liability { points } }", json!({})).await["data"]["liability"].is_object();
    let answered = timeout(Duration::from_secs(30), until("another report is answered", another)).await;
    assert!(answered.is_ok(), "it waits behind the one that is held up");
    until("the first one has ended", async || !held_up().await).await;
    blocker.batch_execute("rollback").await.unwrap();
}
