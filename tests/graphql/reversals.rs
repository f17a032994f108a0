use serde_json::{Value, json};

use super::{Gateway, code, make_key};

impl Gateway {
    async fn order(&self, user: &str, key: &str, amount: &str) -> Value {
        let input = json!({ "userId": user, "rule": "ORDER", "idempotencyKey": key, "amount": amount });
        self.mutate("earnPoints", input).await.unwrap()
    }

    async fn return_order(&self, input: Value) -> Value {
        let query = "mutation($input: ReturnOrderInput!) { returnOrder(input: $input) {
            replayed clawedBack refunded shortfall operation { kind points amount orderKey }
            account { balance { available debt earned spent } level { code } }
        } }";
        self.ask(query, json!({ "input": input })).await["returnOrder"].take()
    }
}

#[tokio::test]
async fn an_order_is_returned_in_parts() {
    let (gateway, _database) = Gateway::new().await;
    gateway.order("dora", "o", "40").await;
    let input = json!({
        "userId": "dora", "points": 20, "idempotencyKey": "s", "orderKey": "o", "orderAmount": "40",
    });
    gateway.mutate("spendPoints", input).await.unwrap();
    let part = json!({ "userId": "dora", "orderKey": "o", "amount": "10", "idempotencyKey": "r1" });
    let returned = gateway.return_order(part.clone()).await;
    assert_eq!((&returned["clawedBack"], &returned["refunded"]), (&json!(10), &json!(5)));
    assert_eq!(returned["operation"], json!({ "kind": "RETURN", "points": 0, "amount": "10", "orderKey": "o" }));
    assert_eq!(returned["account"]["balance"], json!({ "available": 15, "debt": 0, "earned": 30, "spent": 15 }));
    let again = gateway.return_order(part).await;
    assert_eq!((&again["replayed"], &again["clawedBack"]), (&json!(true), &json!(10)));

    let rest = json!({ "userId": "dora", "orderKey": "o", "idempotencyKey": "r2" });
    let returned = gateway.return_order(rest).await;
    assert_eq!(
        (&returned["clawedBack"], &returned["refunded"], &returned["shortfall"]),
        (&json!(30), &json!(15), &json!(0))
    );
    assert_eq!(returned["account"]["balance"], json!({ "available": 0, "debt": 0, "earned": 0, "spent": 0 }));

    let query = "mutation($input: ReturnOrderInput!) { returnOrder(input: $input) { replayed } }";
    let input = json!({ "userId": "dora", "orderKey": "o", "amount": 1, "idempotencyKey": "r3" });
    let error = gateway.refused(query, json!({ "input": input })).await;
    assert_eq!(code(&error), "RETURN_TOO_LARGE");
    assert_eq!(error["extensions"]["details"], json!({ "amount": 40, "returned": 40 }));
}

#[tokio::test]
async fn what_was_spent_already_becomes_a_debt() {
    let (gateway, _database) = Gateway::new().await;
    gateway.order("dora", "o", "40").await;
    gateway.spend("dora", 30, "s").await.unwrap();
    let returned = gateway.return_order(json!({ "userId": "dora", "orderKey": "o", "idempotencyKey": "r" })).await;
    assert_eq!((&returned["clawedBack"], &returned["shortfall"]), (&json!(40), &json!(30)));
    assert_eq!(returned["account"]["balance"], json!({ "available": 0, "debt": 30, "earned": 0, "spent": 30 }));
    let payload = gateway.order("dora", "o2", "50").await;
    assert_eq!((&payload["entry"]["availableAfter"], &payload["entry"]["debtAfter"]), (&json!(50), &json!(30)));
    assert_eq!(payload["account"]["balance"]["available"], 20);
    assert_eq!(payload["account"]["balance"]["debt"], 0);
}

#[tokio::test]
async fn an_operation_is_reversed_by_its_id() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 50, "g", None).await;
    let spent = gateway.spend("dora", 30, "s").await.unwrap();
    let id = &spent["operation"]["id"];
    let input = json!({
        "userId": "dora", "operationId": id, "idempotencyKey": "v", "reason": "sold out", "actor": "sue",
    });
    let reversed = gateway.mutate("reverseOperation", input.clone()).await.unwrap();
    assert_eq!(reversed["operation"]["kind"], "REVERSE");
    assert_eq!(&reversed["operation"]["originalId"], id);
    assert_eq!((&reversed["entry"]["kind"], &reversed["entry"]["availableDelta"]), (&json!("REFUND"), &json!(30)));
    assert_eq!(reversed["account"]["balance"]["spent"], 0);
    assert_eq!(gateway.mutate("reverseOperation", input).await.unwrap()["replayed"], true);

    for (original, key, expected) in [
        (id.clone(), "v2", "ALREADY_REVERSED"),
        (reversed["operation"]["id"].clone(), "v3", "NOT_REVERSIBLE"),
        (json!("00000000-0000-0000-0000-000000000000"), "v4", "UNKNOWN_OPERATION"),
        (json!("s"), "v5", "INVALID_INPUT"),
    ] {
        let input = json!({ "userId": "dora", "operationId": original, "idempotencyKey": key });
        assert_eq!(code(&gateway.mutate("reverseOperation", input).await.unwrap_err()), expected, "{key}");
    }
}

#[tokio::test]
async fn undoing_needs_the_scope_reverse() {
    let (gateway, database) = Gateway::new().await;
    let spender = gateway.with_key(&make_key(&database, "spender", &["earn", "spend", "adjust"], None).await);
    let input = json!({ "userId": "dora", "operationId": uuid::Uuid::nil().to_string(), "idempotencyKey": "v" });
    let error = spender.mutate("reverseOperation", input).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["details"]["scope"]), ("FORBIDDEN", &json!("reverse")));
}
