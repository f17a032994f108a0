use serde_json::{Value, json};

use super::{Gateway, code, hold_up, make_key, until};
use crate::common::Database;

/// What the mutations of this file answer.
const FIELDS: &str = "replayed operation { id kind points counterparty } entry { availableDelta heldDelta contra }
    account { userId balance { available held transferred } } receiver { userId balance { available debt transferred } }";

async fn gateway() -> (Gateway, Database) {
    let database = Database::new().await;
    let key = make_key(&database, "shop", &["earn", "spend", "reverse", "adjust", "read"], None).await;
    let gateway = Gateway::over(&database.url(), &key).await;
    gateway.grant("ann", 100, "grant", None).await;
    (gateway, database)
}

async fn mutate(gateway: &Gateway, field: &str, input: Value) -> Result<Value, Value> {
    let kind = match field {
        "acceptTransfer" | "declineTransfer" => "AnswerTransfer".to_owned(),
        _ => format!("{}{}", field[..1].to_uppercase(), &field[1..]),
    };
    let query = format!("mutation($input: {kind}Input!) {{ {field}(input: $input) {{ {FIELDS} }} }}");
    let mut response = gateway.send(&query, json!({ "input": input })).await;
    match response["errors"].is_null() {
        true => Ok(response["data"][field].take()),
        false => {
            assert_eq!(response["data"], Value::Null, "{response}");
            Err(response["errors"][0].take())
        }
    }
}

fn give(points: i64, key: &str) -> Value {
    json!({ "userId": "ann", "toUserId": "ben", "points": points, "idempotencyKey": key })
}

fn offer(points: i64, key: &str) -> Value {
    json!({ "userId": "ann", "toUserId": "ben", "points": points, "idempotencyKey": key, "accept": true })
}

fn answer(id: &Value, key: &str) -> Value {
    json!({ "userId": "ann", "toUserId": "ben", "transferId": id, "idempotencyKey": key })
}

fn about(id: &Value, key: &str) -> Value {
    json!({ "userId": "ann", "transferId": id, "idempotencyKey": key })
}

#[tokio::test]
async fn points_go_to_another_member_and_come_back() {
    let (gateway, _database) = gateway().await;
    let given = mutate(&gateway, "transferPoints", give(30, "t")).await.unwrap();
    assert_eq!(given["operation"]["kind"], "TRANSFER");
    assert_eq!(given["operation"]["counterparty"], "ben");
    assert_eq!(given["entry"], json!({ "availableDelta": -30, "heldDelta": 0, "contra": "transfer" }));
    assert_eq!(given["account"]["balance"], json!({ "available": 70, "held": 0, "transferred": -30 }));
    let receiver = json!({ "userId": "ben", "balance": { "available": 30, "debt": 0, "transferred": 30 } });
    assert_eq!(given["receiver"], receiver);

    let again = mutate(&gateway, "transferPoints", give(30, "t")).await.unwrap();
    assert_eq!(again["replayed"], true);
    assert_eq!(again["entry"], given["entry"]);

    gateway.spend("ben", 20, "s").await.unwrap();
    let back = mutate(&gateway, "reverseTransfer", about(&given["operation"]["id"], "r")).await.unwrap();
    assert_eq!(back["account"]["balance"], json!({ "available": 100, "held": 0, "transferred": 0 }));
    assert_eq!(back["receiver"]["balance"], json!({ "available": 0, "debt": 20, "transferred": 0 }));
}

#[tokio::test]
async fn an_offer_waits_for_its_receiver() {
    let (gateway, _database) = gateway().await;
    let made = mutate(&gateway, "transferPoints", offer(30, "o1")).await.unwrap();
    assert_eq!(made["operation"]["kind"], "HOLD");
    assert_eq!(made["account"]["balance"], json!({ "available": 70, "held": 30, "transferred": 0 }));
    assert_eq!(made["receiver"]["balance"]["available"], 0);
    let accepted = mutate(&gateway, "acceptTransfer", answer(&made["operation"]["id"], "a")).await.unwrap();
    assert_eq!(accepted["operation"]["kind"], "TRANSFER");
    assert_eq!(accepted["entry"], json!({ "availableDelta": 0, "heldDelta": -30, "contra": "transfer" }));
    assert_eq!(accepted["receiver"]["balance"]["available"], 30);

    for (field, key) in [("declineTransfer", "o2"), ("cancelTransfer", "o3")] {
        let made = mutate(&gateway, "transferPoints", offer(30, key)).await.unwrap();
        let id = &made["operation"]["id"];
        let input = if field == "cancelTransfer" { about(id, field) } else { answer(id, field) };
        let ended = mutate(&gateway, field, input).await.unwrap();
        assert_eq!(ended["operation"]["kind"], "RELEASE");
        assert_eq!(ended["account"]["balance"]["available"], 70);
    }
    assert_eq!(gateway.available("ben").await, 30);
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let (gateway, database) = gateway().await;
    let given = mutate(&gateway, "transferPoints", give(10, "t")).await.unwrap();
    let made = mutate(&gateway, "transferPoints", offer(10, "o")).await.unwrap();
    let (given, made) = (&given["operation"]["id"], &made["operation"]["id"]);
    mutate(&gateway, "cancelTransfer", about(made, "c")).await.unwrap();
    mutate(&gateway, "reverseTransfer", about(given, "r")).await.unwrap();
    let nobody = json!("00000000-0000-0000-0000-000000000000");
    let granted = "{ operation(userId: \"ann\", idempotencyKey: \"grant\") { id } }";
    let granted = &gateway.ask(granted, json!({})).await["operation"]["id"];
    for (field, input, expected) in [
        ("transferPoints", give(1_000, "1"), "INSUFFICIENT_POINTS"),
        ("transferPoints", give(11, "t"), "IDEMPOTENCY_CONFLICT"),
        ("transferPoints", offer(10, "t"), "IDEMPOTENCY_CONFLICT"),
        ("acceptTransfer", answer(made, "2"), "HOLD_CLOSED"),
        ("declineTransfer", answer(made, "3"), "HOLD_CLOSED"),
        ("cancelTransfer", about(made, "4"), "HOLD_CLOSED"),
        ("acceptTransfer", answer(&nobody, "5"), "UNKNOWN_OPERATION"),
        ("declineTransfer", answer(given, "6"), "UNKNOWN_OPERATION"),
        ("cancelTransfer", about(&nobody, "7"), "UNKNOWN_OPERATION"),
        ("reverseTransfer", about(&nobody, "8"), "UNKNOWN_OPERATION"),
        ("reverseTransfer", about(granted, "9"), "NOT_REVERSIBLE"),
        ("reverseTransfer", about(given, "10"), "ALREADY_REVERSED"),
    ] {
        let error = mutate(&gateway, field, input.clone()).await.unwrap_err();
        assert_eq!((code(&error), &error["extensions"]["retryable"]), (expected, &json!(false)), "{field} {input}");
    }
    let reverse = "mutation($input: ReverseOperationInput!) { reverseOperation(input: $input) { replayed } }";
    let input = json!({ "userId": "ann", "operationId": given, "idempotencyKey": "11" });
    assert_eq!(code(&gateway.refused(reverse, json!({ "input": input })).await), "NOT_REVERSIBLE");

    let client = database.client().await;
    client.batch_execute("select api.set_transfer_limits(p_times_a_day => 2)").await.unwrap();
    let error = mutate(&gateway, "transferPoints", give(1, "12")).await.unwrap_err();
    assert_eq!(code(&error), "LIMIT_REACHED");
    let details = json!({ "limit": "transfers a day", "maximum": 2, "used": 2 });
    assert_eq!(error["extensions"]["details"], details);
    client.batch_execute("select api.freeze_account('ann', 'f', 'fraud', 'me')").await.unwrap();
    assert_eq!(code(&mutate(&gateway, "transferPoints", give(1, "13")).await.unwrap_err()), "ACCOUNT_FROZEN");

    for (key, scopes) in [("reader", ["read", "reverse"]), ("spender", ["read", "spend"])] {
        let gateway = gateway.with_key(&make_key(&database, key, &scopes, None).await);
        for (field, input, scope) in [
            ("transferPoints", give(1, "x0"), "spend"),
            ("acceptTransfer", answer(made, "x1"), "spend"),
            ("declineTransfer", answer(made, "x2"), "spend"),
            ("cancelTransfer", about(made, "x3"), "spend"),
            ("reverseTransfer", about(given, "x4"), "reverse"),
        ] {
            let refused = mutate(&gateway, field, input).await.err();
            let refused = refused.map(|error| code(&error).to_owned());
            assert_eq!(refused.as_deref() == Some("FORBIDDEN"), !scopes.contains(&scope), "{field} by {key}");
        }
    }
}

#[tokio::test]
async fn an_input_at_fault_is_named_as_it_is_called_here() {
    let (gateway, _database) = gateway().await;
    let with = |mut input: Value, name: &str, value: Value| {
        input[name] = value;
        input
    };
    for (field, input, path) in [
        ("transferPoints", with(give(1, "k"), "toUserId", json!("ann")), "toUserId"),
        ("transferPoints", with(give(1, "k"), "toUserId", json!("")), "toUserId"),
        ("transferPoints", with(give(1, "k"), "toUserId", json!("a\u{0}")), "toUserId"),
        ("transferPoints", give(0, "k"), "points"),
        ("transferPoints", with(give(1, "k"), "deadline", json!("2190-01-01T00:00:00Z")), "deadline"),
        ("transferPoints", with(offer(1, "k"), "deadline", json!("2020-01-01T00:00:00Z")), "deadline"),
        ("transferPoints", with(give(1, "k"), "wallet", json!("gold")), "wallet"),
        ("acceptTransfer", answer(&json!("no id"), "k"), "transferId"),
        ("declineTransfer", answer(&json!("no id"), "k"), "transferId"),
        ("cancelTransfer", about(&json!("no id"), "k"), "transferId"),
        ("reverseTransfer", about(&json!("no id"), "k"), "transferId"),
    ] {
        let error = mutate(&gateway, field, input.clone()).await.unwrap_err();
        assert_eq!(code(&error), "INVALID_INPUT", "{input}");
        assert_eq!(error["extensions"]["path"], json!(["input", path]), "{input}");
        assert!(error["message"].as_str().unwrap().starts_with(path), "{error}");
    }
}

/// One key from many requests at once, and opposite directions: each takes effect once.
#[tokio::test]
async fn many_at_once_through_the_gateway_lose_nothing() {
    let (gateway, database) = gateway().await;
    gateway.grant("ben", 100, "grant", None).await;
    let mut tasks = Vec::new();
    for number in 0..120 {
        let gateway = gateway.clone();
        let (from, to) = if number % 2 == 0 { ("ann", "ben") } else { ("ben", "ann") };
        let key = format!("{}", number / 4);
        let input = json!({ "userId": from, "toUserId": to, "points": 3, "idempotencyKey": key });
        tasks.push(tokio::spawn(async move { mutate(&gateway, "transferPoints", input).await }));
    }
    let mut replays = 0;
    for task in tasks {
        let payload = task.await.unwrap().unwrap();
        replays += usize::from(payload["replayed"] == true);
    }
    assert_eq!(replays, 60);
    assert_eq!((gateway.available("ann").await, gateway.available("ben").await), (100, 100));
    crate::database::assert_laws(&database.client().await).await;
}

/// Ends the sessions that wait for a lock in a transfer; how many there were.
async fn kill_waiting(client: &tokio_postgres::Client) -> i64 {
    let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ 'execute_pair'";
    client.query_one(kill, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_transfer_whose_connection_is_lost_is_sent_again_and_done_once() {
    let (gateway, database) = gateway().await;
    let mut blocker = database.client().await;
    hold_up(&mut blocker, "ann").await;
    let waiting = tokio::spawn({
        let gateway = gateway.clone();
        async move { mutate(&gateway, "transferPoints", give(30, "t")).await }
    });
    let observer = database.client().await;
    until("a session is killed", async || kill_waiting(&observer).await > 0).await;
    until("another one is killed", async || kill_waiting(&observer).await > 0).await;
    blocker.batch_execute("rollback").await.unwrap();
    let payload = waiting.await.unwrap().unwrap();
    assert_eq!(payload["account"]["balance"]["available"], 70);
    assert_eq!(mutate(&gateway, "transferPoints", give(30, "t")).await.unwrap()["replayed"], true);
    assert_eq!(gateway.available("ben").await, 30);
}

#[tokio::test]
async fn a_transfer_that_waits_too_long_was_not_done() {
    let (gateway, database) = gateway().await;
    let mut blocker = database.client().await;
    hold_up(&mut blocker, "ann").await;
    let error = mutate(&gateway, "transferPoints", give(30, "t")).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["retryable"]), ("OVERLOADED", &json!(true)));
    blocker.batch_execute("rollback").await.unwrap();
    let payload = mutate(&gateway, "transferPoints", give(30, "t")).await.unwrap();
    assert_eq!((&payload["replayed"], &payload["account"]["balance"]["available"]), (&json!(false), &json!(70)));
}
