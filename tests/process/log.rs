//! What the log says of requests.

use std::fs;

use serde_json::{Value, json};

use super::{
    Directory,
    program::{Serving, jifen},
};
use crate::{
    common::Database,
    graphql::{Gateway, hold_up, until_held_up},
};

const SIGN_IN: &str = r#"mutation { earnPoints(input: { userId: "dora", rule: "SIGN_IN", idempotencyKey: "KEY" }) { operation { id } } }"#;

/// The id that is answered, and the answer.
async fn ask(gateway: &Gateway, id: Option<&str>, query: &str) -> (String, Value) {
    let mut request = gateway.http.post(format!("http://{}/graphql", gateway.address)).bearer_auth(&gateway.key);
    if let Some(id) = id {
        request = request.header("x-request-id", id);
    }
    let response = request.json(&json!({ "query": query })).send().await.unwrap();
    let answered = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    (answered, response.json().await.unwrap())
}

#[tokio::test]
async fn a_request_has_an_id_in_the_answer_in_the_log_and_in_a_fault() {
    let directory = Directory::new("log");
    let database = Database::new().await;
    let mut command = jifen(&["serve", "--log-format", "json", "--slow-statement-ms", "200"]);
    command
        .env("DATABASE_URL", database.url())
        .env("JIFEN_DEV_KEY", "a-key-to-develop-with")
        .env("JIFEN_LOG", "info,jifen=debug");
    let serving = Serving::start(command, &directory.0);
    let gateway = serving.gateway();
    let lines = || -> Vec<Value> {
        let text = fs::read_to_string(directory.0.join("stderr")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
    };
    let of = |id: &str, message: &str| {
        lines()
            .into_iter()
            .find(|line| line["span"]["id"] == id && line["message"].as_str().unwrap().starts_with(message))
    };

    let (id, answer) = ask(&gateway, Some("order-service.42"), &SIGN_IN.replace("KEY", "1")).await;
    assert_eq!(id, "order-service.42");
    // the operation is found by the id of its request
    let carried_out = of(&id, "carried out").unwrap();
    assert_eq!(carried_out["operation"], answer["data"]["earnPoints"]["operation"]["id"]);
    let refused =
        r#"mutation { spendPoints(input: { userId: "dora", points: 1000, idempotencyKey: "s" }) { replayed } }"#;
    let (made, _) = ask(&gateway, None, refused).await;
    assert!(uuid::Uuid::parse_str(&made).is_ok(), "{made}");
    assert_eq!(of(&made, "not carried out").unwrap()["code"], "INSUFFICIENT_POINTS");
    for bad in ["a b", "{}", &"a".repeat(65)] {
        let (made, _) = ask(&gateway, Some(bad), "{ __typename }").await;
        assert!(uuid::Uuid::parse_str(&made).is_ok(), "{made}");
    }
    assert_eq!(of(&id, "answered").unwrap()["status"], 200);

    // a statement that is slow, with shapes of its parameters and none of their values
    let mut blocker = database.client().await;
    hold_up(&mut blocker, "dora").await;
    let waiting = tokio::spawn({
        let gateway = gateway.clone();
        async move { ask(&gateway, None, &SIGN_IN.replace("KEY", "secret-key")).await }
    });
    until_held_up(&database.client().await).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    blocker.batch_execute("rollback").await.unwrap();
    waiting.await.unwrap();
    // others may be slow on a busy machine
    let execute = "select * from api.execute($1, $2)";
    let slow = lines().into_iter().find(|line| line["message"] == "slow statement" && line["statement"] == execute);
    let slow = slow.unwrap();
    assert!(slow["ms"].as_u64().unwrap() >= 200 && slow["level"] == "WARN", "{slow}");
    let shapes = slow["parameters"].as_str().unwrap();
    assert!(shapes.starts_with("int2 of 2 bytes, ") && shapes.contains("request"), "{shapes}");
    let text = fs::read_to_string(directory.0.join("stderr")).unwrap();
    for value in ["secret-key", "a-key-to-develop-with", "dora"] {
        assert!(!text.contains(value), "{value}");
    }

    // a fault of ours: its trace id is the id of the request
    let owner = database.client().await;
    owner.batch_execute("alter view api.job rename to elsewhere").await.unwrap();
    let (_, fault) = ask(&gateway, Some("fault-1"), "{ jobs { name } }").await;
    assert_eq!(fault["errors"][0]["extensions"]["code"], "INTERNAL", "{fault}");
    assert_eq!(fault["errors"][0]["extensions"]["details"]["trace"], "fault-1");
    assert!(lines().iter().any(|line| line["level"] == "ERROR" && line["trace"] == "fault-1"));
    assert_eq!(serving.stop("TERM").code(), Some(0));
}
