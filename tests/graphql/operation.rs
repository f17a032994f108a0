use serde_json::json;

use super::{Gateway, make_key};

const OPERATION: &str = "query($user: ID!, $key: String!) {
    operation(userId: $user, idempotencyKey: $key) { kind points refusal details entry { seq operation { idempotencyKey } } }
}";

#[tokio::test]
async fn what_was_asked_for_is_found_by_its_key() {
    let (gateway, _database) = Gateway::new().await;
    gateway.sign_in("dora", "1").await.unwrap();
    gateway.spend("dora", 6, "2").await.unwrap_err();
    for (user, key, expected) in [
        (
            "dora",
            "1",
            json!({
                "kind": "EARN", "points": 5, "refusal": null, "details": null,
                "entry": { "seq": 1, "operation": { "idempotencyKey": "1" } },
            }),
        ),
        (
            "dora",
            "2",
            json!({
                "kind": "SPEND", "points": 0, "refusal": "INSUFFICIENT_POINTS",
                "details": { "available": 5, "requested": 6 }, "entry": null,
            }),
        ),
        ("dora", "3", json!(null)),
        ("dora", "3\0", json!(null)),
        ("nobody", "1", json!(null)),
    ] {
        let data = gateway.ask(OPERATION, json!({ "user": user, "key": key })).await;
        assert_eq!(data["operation"], expected, "{user} {key}");
    }
}

#[tokio::test]
async fn a_request_that_may_be_corrected_leaves_no_operation() {
    let (gateway, _database) = Gateway::new().await;
    gateway.sign_in("dora", "0").await.unwrap();
    let input = |rule| json!({ "userId": "dora", "rule": rule, "idempotencyKey": "1" });
    gateway.mutate("earnPoints", input("NOTHING")).await.unwrap_err();
    let variables = json!({ "user": "dora", "key": "1" });
    assert_eq!(gateway.ask(OPERATION, variables.clone()).await, json!({ "operation": null }));
    gateway.mutate("earnPoints", input("SIGN_IN")).await.unwrap();
    assert_eq!(gateway.ask(OPERATION, variables).await["operation"]["points"], 5);
}

#[tokio::test]
async fn a_client_sees_its_own_operations_only() {
    let (gateway, database) = Gateway::new().await;
    let other = gateway.with_key(&make_key(&database, "other", &["earn", "read"], None).await);
    gateway.sign_in("dora", "1").await.unwrap();
    let variables = json!({ "user": "dora", "key": "1" });
    assert_eq!(other.ask(OPERATION, variables.clone()).await, json!({ "operation": null }));
    // and their keys do not meet
    assert_eq!(other.sign_in("dora", "1").await.unwrap()["replayed"], false);
    assert_eq!(other.ask(OPERATION, variables).await["operation"]["entry"]["seq"], 2);
}
