use serde_json::json;

use super::{Gateway, code};

#[tokio::test]
async fn points_that_expire_soonest_go_first() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 10, "never", None).await;
    gateway.grant("dora", 20, "late", Some("2190-01-01T00:00:00Z")).await;
    gateway.grant("dora", 30, "soon", Some("2180-01-01T00:00:00Z")).await;

    let input =
        json!({ "userId": "dora", "points": 45, "idempotencyKey": "1", "reason": "a hat", "metadata": { "a": 1 } });
    let payload = gateway.mutate("spendPoints", input.clone()).await.unwrap();
    assert_eq!(payload["operation"]["kind"], "SPEND");
    assert_eq!(payload["operation"]["points"], 45);
    assert_eq!(payload["operation"]["requested"], 45);
    assert_eq!(payload["operation"]["reason"], "a hat");
    assert_eq!(payload["operation"]["metadata"], json!({ "a": 1 }));
    assert_eq!(payload["entry"]["availableDelta"], -45);
    assert_eq!(payload["entry"]["contra"], "redemption");
    assert_eq!(payload["account"]["balance"]["available"], 15);
    assert_eq!(payload["account"]["balance"]["spent"], 45);
    let lots = "{ account(userId: \"dora\") { lots { nodes { granted remaining } } } }";
    assert_eq!(
        gateway.ask(lots, json!({})).await["account"]["lots"]["nodes"],
        json!([{ "granted": 20, "remaining": 5 }, { "granted": 10, "remaining": 10 }])
    );

    let again = gateway.mutate("spendPoints", input).await.unwrap();
    assert_eq!(again["replayed"], true);
    assert_eq!(again["entry"], payload["entry"]);
    assert_eq!(gateway.available("dora").await, 15);
}

#[tokio::test]
async fn more_than_there_is_is_refused_for_good_under_its_key() {
    let (gateway, _database) = Gateway::new().await;
    gateway.sign_in("dora", "1").await.unwrap();
    let error = gateway.spend("dora", 6, "2").await.unwrap_err();
    assert_eq!(code(&error), "INSUFFICIENT_POINTS");
    assert_eq!(error["extensions"]["retryable"], false);
    assert_eq!(error["extensions"]["details"], json!({ "available": 5, "requested": 6 }));
    assert_eq!(error["message"], "The account has fewer available points than the operation takes.");

    gateway.sign_in("dora", "3").await.unwrap();
    assert_eq!(gateway.spend("dora", 6, "2").await.unwrap_err()["extensions"], error["extensions"]);
    let payload = gateway.spend("dora", 6, "4").await.unwrap();
    assert_eq!(payload["account"]["balance"]["available"], 4);
}

#[tokio::test]
async fn a_member_nobody_knows_has_nothing_to_spend() {
    let (gateway, _database) = Gateway::new().await;
    let error = gateway.spend("nobody", 1, "1").await.unwrap_err();
    assert_eq!(code(&error), "INSUFFICIENT_POINTS");
}
