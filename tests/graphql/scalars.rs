use serde_json::{Value, json};

use super::{Gateway, code};

const MAX_POINTS: i64 = 9_007_199_254_740_991;

#[tokio::test]
async fn points_are_json_integers_up_to_the_border() {
    let (gateway, _database) = Gateway::new().await;
    let payload = gateway.grant("dora", MAX_POINTS, "1", None).await;
    assert_eq!(payload["operation"]["points"], json!(MAX_POINTS));
    assert_eq!(payload["account"]["balance"]["available"], json!(MAX_POINTS));
    let payload = gateway.grant("dora", -MAX_POINTS, "2", None).await;
    assert_eq!(payload["entry"]["availableDelta"], json!(-MAX_POINTS));
    // written into the document, too
    let query = format!(
        r#"mutation {{ adjustPoints(input: {{ userId: "dora", points: {MAX_POINTS}, idempotencyKey: "1", reason: "test", actor: "tester" }}) {{ replayed operation {{ requested }} }} }}"#
    );
    assert_eq!(
        gateway.ask(&query, json!({})).await["adjustPoints"],
        json!({ "replayed": true, "operation": { "requested": MAX_POINTS } })
    );
}

#[tokio::test]
async fn points_past_the_border_are_refused() {
    let (gateway, _database) = Gateway::new().await;
    for points in [json!(MAX_POINTS + 1), json!(-MAX_POINTS - 1), json!(u64::MAX), json!(1e300), json!(1.0), json!("1")]
    {
        let input = json!({ "userId": "dora", "points": points, "idempotencyKey": "1", "reason": "r", "actor": "a" });
        let error = gateway.mutate("adjustPoints", input).await.unwrap_err();
        assert_eq!(code(&error), "INVALID_INPUT", "{points}");
        assert_eq!(error["extensions"]["path"], json!(["input", "points"]), "{points}");
    }
}

#[tokio::test]
async fn a_decimal_is_read_from_text_and_number_and_written_as_text() {
    let (gateway, _database) = Gateway::new().await;
    let input = |amount: &Value, key: &str| json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": key });
    for (number, (amount, shown, points)) in [
        (json!("42.50"), "42.50", 42),
        (json!(42.5), "42.5", 42),
        (json!(7), "7", 7),
        (json!("1e3"), "1000", 1000),
        (json!(0.1), "0.1", 0),
        (json!("999999999999.12345678"), "999999999999.12345678", 999_999_999_999_i64),
    ]
    .into_iter()
    .enumerate()
    {
        let payload = gateway.mutate("earnPoints", input(&amount, &number.to_string())).await.unwrap();
        assert_eq!(payload["operation"]["amount"], json!(shown));
        assert_eq!(payload["operation"]["points"], json!(points), "{amount}");
    }
    // the same number written in another way is the same request
    assert_eq!(gateway.mutate("earnPoints", input(&json!(42.5), "0")).await.unwrap()["replayed"], true);
    for amount in [json!("1,5"), json!(""), json!(" 1"), json!("1e99"), json!([1]), json!("0x10"), json!("Infinity")] {
        let error = gateway.mutate("earnPoints", input(&amount, "x")).await.unwrap_err();
        assert_eq!(error["extensions"]["path"], json!(["input", "amount"]), "{amount}: {error}");
    }
}

#[tokio::test]
async fn a_day_has_a_year_of_four_digits() {
    let (gateway, _database) = Gateway::new().await;
    let query = "query($from: Date!) { breakage(from: $from, to: \"2026-02-01\") { rate } }";
    for day in ["-262143-01-01", "+262142-12-31", "-0001-01-01", "2026-2-1"] {
        let error = gateway.refused(query, json!({ "from": day })).await;
        assert_eq!(code(&error), "INVALID_INPUT", "{day}");
    }
    let error = gateway.refused(query, json!({ "from": "0000-01-01" })).await;
    assert_eq!(error["extensions"]["path"], json!(["from"]));
}
