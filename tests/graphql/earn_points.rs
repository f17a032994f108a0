use chrono::{DateTime, Days, Utc};
use serde_json::{Value, json};

use super::Gateway;

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_order_earns_by_its_amount_and_the_answer_tells_all() {
    let (gateway, _database) = Gateway::new().await;
    let begun = Utc::now();
    let input = json!({
        "userId": "dora", "rule": "ORDER", "amount": "42.50", "idempotencyKey": "order-1", "metadata": { "shop": ["积分", 1, null] },
    });
    let mut payload = gateway.mutate("earnPoints", input).await.unwrap();

    let operation_id = payload["operation"]["id"].clone();
    assert_eq!(operation_id.as_str().unwrap().len(), 36);
    let recorded_at = instant(&payload["operation"]["recordedAt"].take());
    assert!(begun <= recorded_at && recorded_at <= Utc::now());
    let mut instants = |pointer: &str| instant(&payload.pointer_mut(pointer).unwrap().take());
    assert_eq!(instants("/operation/occurredAt"), recorded_at);
    assert_eq!(instants("/operation/availableAt"), recorded_at);
    assert_eq!(instants("/entry/occurredAt"), recorded_at);
    assert_eq!(instants("/entry/recordedAt"), recorded_at);
    let expires_at = instants("/operation/expiresAt");
    assert!(expires_at > recorded_at + Days::new(364) && expires_at < recorded_at + Days::new(367), "{expires_at}");
    assert_eq!(
        payload,
        json!({
            "replayed": false,
            "operation": {
                "id": operation_id, "userId": "dora", "wallet": "points", "client": "test", "idempotencyKey": "order-1",
                "kind": "EARN", "originalId": null, "orderKey": null,
                "rule": "ORDER", "ruleVersion": 1, "amount": "42.50", "requested": null, "points": 42,
                "refusal": null, "details": null, "reason": null, "actor": null,
                "metadata": { "shop": ["积分", 1, null] },
                "occurredAt": null, "recordedAt": null, "availableAt": null, "expiresAt": null,
            },
            "entry": {
                "seq": 1, "kind": "EARN", "pendingDelta": 0, "availableDelta": 42, "heldDelta": 0, "debtDelta": 0,
                "pendingAfter": 0, "availableAfter": 42, "heldAfter": 0, "debtAfter": 0, "contra": "issuance",
                "occurredAt": null, "recordedAt": null,
            },
            "account": {
                "userId": "dora", "wallet": "points", "version": 1, "frozen": false,
                "level": { "code": "NORMAL", "name": "Member", "threshold": 0 },
                "balance": {
                    "pending": 0, "available": 42, "held": 0, "debt": 0, "earned": 42, "spent": 0, "expired": 0, "adjusted": 0,
                    "transferred": 0,
                },
            },
        })
    );
}

#[tokio::test]
async fn the_same_key_answers_the_first_outcome() {
    let (gateway, _database) = Gateway::new().await;
    let input = json!({ "userId": "dora", "rule": "ORDER", "amount": "42.50", "idempotencyKey": "order-1" });
    let first = gateway.mutate("earnPoints", input.clone()).await.unwrap();
    gateway.sign_in("dora", "sign-in-1").await.unwrap();
    let second = gateway.mutate("earnPoints", input).await.unwrap();
    assert_eq!((&first["replayed"], &second["replayed"]), (&json!(false), &json!(true)));
    assert_eq!(first["operation"], second["operation"]);
    assert_eq!(first["entry"], second["entry"]);
    // the account as it stands now
    assert_eq!(second["account"]["balance"]["available"], 47);
}

#[tokio::test]
async fn another_wallet_has_points_and_keys_of_its_own() {
    let (gateway, database) = Gateway::new().await;
    database.client().await.execute("insert into points.wallet values ('coins', 'Coins')", &[]).await.unwrap();
    for (wallet, replayed) in [("coins", false), ("points", false), ("coins", true)] {
        let input = json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": "1", "wallet": wallet });
        let payload = gateway.mutate("earnPoints", input).await.unwrap();
        assert_eq!(payload["replayed"], replayed);
        assert_eq!(payload["account"]["wallet"], wallet);
        assert_eq!(payload["account"]["balance"]["available"], 5);
    }
    let data =
        gateway.ask(r#"{ account(userId: "dora", wallet: "coins") { wallet level { code } } }"#, json!({})).await;
    assert_eq!(data, json!({ "account": { "wallet": "coins", "level": null } }));
}

#[tokio::test]
async fn points_earned_raise_the_level() {
    let (gateway, _database) = Gateway::new().await;
    let mut levels = Vec::new();
    for (number, amount) in [999, 1, 9000].iter().enumerate() {
        let input =
            json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": number.to_string() });
        levels.push(gateway.mutate("earnPoints", input).await.unwrap()["account"]["level"].take());
    }
    assert_eq!(
        levels,
        [
            json!({ "code": "NORMAL", "name": "Member", "threshold": 0 }),
            json!({ "code": "VIP1", "name": "VIP 1", "threshold": 1000 }),
            json!({ "code": "VIP3", "name": "VIP 3", "threshold": 10000 }),
        ]
    );
}

#[tokio::test]
async fn the_rule_decides_what_is_given() {
    let (gateway, _database) = Gateway::new().await;
    for (key, given, points) in [("none", None, 10), ("some", Some(50), 50), ("too many", Some(5000), 1000)] {
        let input = json!({ "userId": "dora", "rule": "TASK", "points": given, "idempotencyKey": key });
        let operation = gateway.mutate("earnPoints", input).await.unwrap()["operation"].take();
        assert_eq!((&operation["requested"], &operation["points"]), (&json!(given), &json!(points)), "{key}");
    }
}

#[tokio::test]
async fn an_amount_too_small_for_a_point_moves_nothing() {
    let (gateway, _database) = Gateway::new().await;
    let input = json!({ "userId": "dora", "rule": "ORDER", "amount": "0.99", "idempotencyKey": "order-1" });
    let payload = gateway.mutate("earnPoints", input).await.unwrap();
    assert_eq!((&payload["operation"]["points"], &payload["entry"]), (&json!(0), &json!(null)));
    assert_eq!(payload["account"]["version"], 0);
}

#[tokio::test]
async fn an_event_of_last_week_counts_from_then() {
    let (gateway, _database) = Gateway::new().await;
    let occurred_at = Utc::now() - Days::new(7);
    let input =
        json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": "1", "occurredAt": occurred_at.to_rfc3339() });
    let payload = gateway.mutate("earnPoints", input).await.unwrap();
    // PostgreSQL keeps microseconds
    assert_eq!(instant(&payload["operation"]["occurredAt"]).timestamp_micros(), occurred_at.timestamp_micros());
    let expires_at = instant(&payload["operation"]["expiresAt"]);
    assert!(expires_at < Utc::now() + Days::new(360), "{expires_at}");
}

#[tokio::test]
async fn points_that_are_pending_are_shown_and_cannot_be_spent() {
    let (gateway, database) = Gateway::new().await;
    database
        .client()
        .await
        .batch_execute(
            "select api.create_rule('LATE', 'Available after a week');
             select api.create_rule_version('LATE', 'fixed', p_fixed_points => 30, p_pending_days => 7)",
        )
        .await
        .unwrap();
    let input = json!({ "userId": "dora", "rule": "LATE", "idempotencyKey": "1" });
    let payload = gateway.mutate("earnPoints", input).await.unwrap();
    assert_eq!((&payload["entry"]["pendingDelta"], &payload["entry"]["availableDelta"]), (&json!(30), &json!(0)));
    assert_eq!(payload["account"]["balance"]["pending"], 30);
    assert!(instant(&payload["operation"]["availableAt"]) > Utc::now() + Days::new(5));
    assert_eq!(payload["operation"]["expiresAt"], json!(null));
    let refused = gateway.spend("dora", 1, "2").await.unwrap_err();
    assert_eq!(refused["extensions"]["details"], json!({ "available": 0, "requested": 1 }));
}
