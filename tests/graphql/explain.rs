use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const EXPLAIN: &str = "query($user: ID!, $id: ID!) {
    explainOperation(userId: $user, operationId: $id) { agrees operation { points rule } steps { step words points at agrees } } }";

#[tokio::test]
async fn an_operation_is_explained() {
    let (gateway, database) = Gateway::new().await;
    let input = json!({ "userId": "dora", "rule": "ORDER", "amount": "42.50", "idempotencyKey": "1" });
    let earned = gateway.mutate("earnPoints", input).await.unwrap();
    let id = &earned["operation"]["id"];
    let data = gateway.ask(EXPLAIN, json!({ "user": "dora", "id": id })).await;
    let explanation = &data["explainOperation"];
    assert_eq!(explanation["agrees"], true);
    assert_eq!(explanation["operation"], json!({ "points": 42, "rule": "ORDER" }));
    let steps = explanation["steps"].as_array().unwrap();
    let named: Vec<_> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(named, ["asked", "rule", "basis", "rounding", "award", "available", "expiry", "booked", "left"]);
    assert_eq!(
        steps[4],
        json!({ "step": "award", "words": "That is 42 points, as booked.", "points": 42, "at": null, "agrees": true })
    );
    assert!(
        steps[0]["words"].as_str().unwrap().starts_with("test asked to earn by the rule ORDER for 42.50 USD"),
        "{steps:?}"
    );

    for (user, id) in [("dora", json!("5dc0a3ff-0f12-4f5d-8d8c-000000000000")), ("nobody", id.clone())] {
        let data = gateway.ask(EXPLAIN, json!({ "user": user, "id": id })).await;
        assert_eq!(data["explainOperation"], Value::Null);
    }
    let error = gateway.refused(EXPLAIN, json!({ "user": "dora", "id": "1" })).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["operationId"])));
    let key = make_key(&database, "earner", &["earn"], None).await;
    let error = gateway.with_key(&key).refused(EXPLAIN, json!({ "user": "dora", "id": id })).await;
    assert_eq!(code(&error), "FORBIDDEN");
}
