use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const PREVIEW: &str = "refusal { code message path details } points availableAt expiresAt details previousLevel { code name } level { code }
    balance { pending available held debt earned spent } entries { kind availableDelta } lots { points source expiresAt }";

impl Gateway {
    async fn preview(&self, call: &str) -> Value {
        let mut data = self.ask(&format!("{{ preview: {call} {{ {PREVIEW} }} }}"), json!({})).await;
        data["preview"].take()
    }
}

#[tokio::test]
async fn earning_spending_and_returning_are_tried() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let count = "select (select count(*) from points.operation) + (select count(*) from points.account)";
    let before: i64 = client.query_one(count, &[]).await.unwrap().get(0);
    let earn = gateway.preview(r#"previewEarn(userId: "alice", rule: "ORDER", amount: "5000")"#).await;
    assert_eq!((&earn["refusal"], &earn["points"]), (&Value::Null, &json!(5000)));
    assert!(earn["availableAt"].is_string() && earn["expiresAt"].is_string(), "{earn}");
    assert_eq!(
        (&earn["previousLevel"], &earn["level"]),
        (&json!({ "code": "VIP1", "name": "VIP 1" }), &json!({ "code": "VIP2" }))
    );
    assert_eq!(earn["balance"]["available"], 6085);
    assert_eq!(earn["entries"], json!([{ "kind": "EARN", "availableDelta": 5000 }]));
    assert_eq!(earn["lots"], json!([{ "points": 5000, "source": "ORDER", "expiresAt": earn["expiresAt"] }]));

    let spend = gateway.preview(r#"previewSpend(userId: "alice", points: 500)"#).await;
    assert_eq!((&spend["points"], &spend["balance"]["available"]), (&json!(500), &json!(585)));
    assert_eq!(spend["lots"][0]["points"], -500);
    let spend = gateway.preview(r#"previewSpend(userId: "alice", points: 5000)"#).await;
    assert_eq!(spend["refusal"]["code"], "INSUFFICIENT_POINTS");
    assert_eq!(spend["refusal"]["details"], json!({ "available": 1085, "requested": 5000 }));
    assert_eq!((&spend["points"], &spend["lots"], &spend["details"]), (&json!(0), &json!([]), &Value::Null));

    client.batch_execute("select api.earn_points('alice', 'ORDER', 'o-2', p_amount => 100)").await.unwrap();
    let back = gateway.preview(r#"previewReturn(userId: "alice", orderKey: "o-2", amount: "25")"#).await;
    assert_eq!(back["details"], json!({ "clawed_back": 25, "refunded": 0, "shortfall": 0 }));
    assert_eq!(back["balance"]["available"], 1160);
    let nobody = gateway.preview(r#"previewEarn(userId: "nobody", rule: "ORDER")"#).await;
    assert_eq!((&nobody["refusal"]["path"], &nobody["balance"]), (&json!(["amount"]), &Value::Null));
    assert_eq!(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0), before + 1);
}

#[tokio::test]
async fn a_preview_needs_the_scope_read_and_refuses_what_the_client_may_not_do() {
    let (gateway, database) = Gateway::new().await;
    let reader = gateway.with_key(&make_key(&database, "reader", &["read"], None).await);
    let earn = r#"previewEarn(userId: "alice", rule: "SIGN_IN")"#;
    assert_eq!(reader.preview(earn).await["refusal"]["code"], "FORBIDDEN");
    let earner = gateway.with_key(&make_key(&database, "earner", &["earn"], None).await);
    for call in
        [earn, r#"previewSpend(userId: "alice", points: 1)"#, r#"previewReturn(userId: "alice", orderKey: "o")"#]
    {
        let error = earner.refused(&format!("{{ {call} {{ points }} }}"), json!({})).await;
        assert_eq!(
            (code(&error), &error["extensions"]["details"]),
            ("FORBIDDEN", &json!({ "scope": "read" })),
            "{call}"
        );
    }
    let error = gateway.refused(r#"{ previewEarn(userId: "a\u0000", rule: "SIGN_IN") { points } }"#, json!({})).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["userId"])));
}
