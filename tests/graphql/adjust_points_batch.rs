use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const BATCH: &str = "mutation($inputs: [AdjustPointsInput!]!) {
    adjustPointsBatch(inputs: $inputs) {
        __typename
        ... on AdjustPointsPayload { replayed operation { userId points reason actor } entry { seq availableAfter } }
        ... on Refusal { code path }
    }
}";

fn adjust(user: &str, points: i64, key: &str, reason: &str) -> Value {
    json!({ "userId": user, "points": points, "idempotencyKey": key, "reason": reason, "actor": "clerk 1" })
}

fn payload(user: &str, points: i64, replayed: bool, seq: i64, after: i64) -> Value {
    json!({
        "__typename": "AdjustPointsPayload", "replayed": replayed,
        "operation": { "userId": user, "points": points, "reason": "storm", "actor": "clerk 1" },
        "entry": { "seq": seq, "availableAfter": after },
    })
}

#[tokio::test]
async fn each_correction_answers_in_its_place() {
    let (gateway, database) = Gateway::new().await;
    let inputs = json!([
        adjust("dora", 100, "1", "storm"),
        adjust("emil", -1, "1", "storm"),
        adjust("fritz", 7, "1", ""),
        adjust("dora", -30, "2", "storm"),
        adjust("dora", 100, "1", "storm"),
        adjust("gus", 3, "1", "storm"),
    ]);
    let refusal = |code: &str, path: Value| json!({ "__typename": "Refusal", "code": code, "path": path });
    let answer = gateway.ask(BATCH, json!({ "inputs": inputs })).await;
    assert_eq!(
        answer["adjustPointsBatch"],
        json!([
            payload("dora", 100, false, 1, 100),
            refusal("INSUFFICIENT_POINTS", Value::Null),
            refusal("INVALID_INPUT", json!(["inputs", "2", "reason"])),
            payload("dora", -30, false, 2, 70),
            payload("dora", 100, true, 1, 100),
            payload("gus", 3, false, 1, 3),
        ])
    );
    let many: Vec<Value> = (0..501).map(|number| adjust("dora", 1, &number.to_string(), "storm")).collect();
    let error = gateway.refused(BATCH, json!({ "inputs": many })).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["inputs"])));
    let answer = gateway.ask(BATCH, json!({ "inputs": many[..500] })).await;
    let results = answer["adjustPointsBatch"].as_array().unwrap();
    assert_eq!(
        results.iter().filter(|result| result["__typename"] == "AdjustPointsPayload").count(),
        500 - 2,
        "keys 1 and 2 conflict"
    );
    let partner = gateway.with_key(&make_key(&database, "partner", &["earn"], None).await);
    let answer = partner.ask(BATCH, json!({ "inputs": [adjust("dora", 1, "x", "storm")] })).await;
    assert_eq!(answer["adjustPointsBatch"][0]["code"], "FORBIDDEN");
}
