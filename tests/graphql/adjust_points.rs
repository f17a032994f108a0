use serde_json::json;

use super::{Gateway, code};

#[tokio::test]
async fn a_correction_goes_either_way_and_moves_no_level() {
    let (gateway, _database) = Gateway::new().await;
    let added = gateway.grant("dora", 2000, "1", Some("2190-01-01T00:00:00Z")).await;
    assert_eq!(added["operation"]["kind"], "ADJUST");
    assert_eq!(added["operation"]["expiresAt"], "2190-01-01T00:00:00+00:00");
    assert_eq!(added["operation"]["actor"], "tester");
    assert_eq!(added["operation"]["reason"], "test");
    assert_eq!(added["entry"]["contra"], "adjustment");
    assert_eq!(added["account"]["level"]["code"], "NORMAL");

    let taken = gateway.grant("dora", -500, "2", None).await;
    assert_eq!(taken["operation"]["points"], -500);
    assert_eq!(taken["operation"]["availableAt"], json!(null));
    assert_eq!(taken["entry"]["availableDelta"], -500);
    assert_eq!(taken["account"]["balance"]["adjusted"], 1500);
    assert_eq!(taken["account"]["balance"]["available"], 1500);
    assert_eq!(taken["account"]["balance"]["earned"], 0);

    assert_eq!(gateway.grant("dora", -500, "2", None).await["replayed"], true);
    assert_eq!(gateway.available("dora").await, 1500);
}

#[tokio::test]
async fn a_correction_takes_no_more_than_there_is() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 5, "1", None).await;
    let input = json!({ "userId": "dora", "points": -6, "idempotencyKey": "2", "reason": "r", "actor": "a" });
    let error = gateway.mutate("adjustPoints", input).await.unwrap_err();
    assert_eq!(code(&error), "INSUFFICIENT_POINTS");
    assert_eq!(error["extensions"]["details"], json!({ "available": 5, "requested": 6 }));
}
