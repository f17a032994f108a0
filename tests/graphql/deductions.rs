use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const QUOTE: &str = "query($amount: Decimal!, $wallet: String! = \"points\") {
    quoteDeduction(userId: \"dora\", orderAmount: $amount, wallet: $wallet) { points money mostPoints leastPoints pointsPerUnit } }";

#[tokio::test]
async fn what_is_quoted_can_be_held_captured_and_returned() {
    let (gateway, database) = Gateway::new().await;
    database
        .client_as("jifen_operator")
        .await
        .batch_execute("select api.set_deduction(100, 0.5, 50, 10)")
        .await
        .unwrap();
    gateway.grant("dora", 700, "grant", None).await;
    let quote = gateway.ask(QUOTE, json!({ "amount": "10.00" })).await["quoteDeduction"].clone();
    assert_eq!(
        quote,
        json!({ "points": 500, "money": "5.00", "mostPoints": 500, "leastPoints": 10, "pointsPerUnit": 100 })
    );

    let hold = |points: &Value, key: &str| json!({ "userId": "dora", "points": points, "orderKey": "o", "orderAmount": "10.00", "idempotencyKey": key });
    let error = gateway.mutate("holdPoints", hold(&json!(501), "h1")).await.unwrap_err();
    assert_eq!(code(&error), "LIMIT_REACHED");
    assert_eq!(error["extensions"]["details"]["maximum"], 500);
    gateway.mutate("holdPoints", hold(&quote["points"], "h2")).await.unwrap();
    let hold = "{ account(userId: \"dora\") { holds { nodes { id } } } }";
    let id = gateway.ask(hold, json!({})).await["account"]["holds"]["nodes"][0]["id"].clone();
    let capture = json!({ "userId": "dora", "holdId": id, "idempotencyKey": "c" });
    gateway.mutate("captureHold", capture).await.unwrap();
    assert_eq!(gateway.available("dora").await, 200);

    // a third of the order: a third of the points; the host pays the rest in money
    let back = "mutation { returnOrder(input: { userId: \"dora\", orderKey: \"o\", amount: \"3.33\", idempotencyKey: \"r\" }) { refunded } }";
    assert_eq!(gateway.ask(back, json!({})).await["returnOrder"]["refunded"], 166);
}

#[tokio::test]
async fn a_quote_needs_the_scope_read_and_an_amount_that_makes_sense() {
    let (gateway, database) = Gateway::new().await;
    let path = async |variables: Value| {
        let error = gateway.refused(QUOTE, variables).await;
        assert_eq!(code(&error), "INVALID_INPUT");
        error["extensions"]["path"].clone()
    };
    assert_eq!(path(json!({ "amount": "10" })).await, json!(["wallet"]), "nothing is set");
    database.client().await.batch_execute("select api.set_deduction(100)").await.unwrap();
    assert_eq!(path(json!({ "amount": "-1" })).await, json!(["orderAmount"]));
    assert_eq!(path(json!({ "amount": "10", "wallet": "a\u{0}" })).await, json!(["wallet"]));
    let shop = gateway.with_key(&make_key(&database, "shop", &["spend"], None).await);
    assert_eq!(code(&shop.refused(QUOTE, json!({ "amount": "10" })).await), "FORBIDDEN");
}
