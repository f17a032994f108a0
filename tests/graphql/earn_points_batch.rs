use serde_json::{Value, json};

use super::Gateway;

const BATCH: &str = "mutation($inputs: [EarnPointsInput!]!) {
    earnPointsBatch(inputs: $inputs) {
        __typename
        ... on EarnPointsPayload { replayed operation { userId points } entry { seq availableAfter } }
        ... on Refusal { code message retryable details path }
    }
}";

async fn batch(gateway: &Gateway, inputs: Vec<Value>) -> Vec<Value> {
    match gateway.ask(BATCH, json!({ "inputs": inputs })).await["earnPointsBatch"].take() {
        Value::Array(results) => results,
        other => panic!("{other}"),
    }
}

fn sign_in(user: &str, key: &str) -> Value {
    json!({ "userId": user, "rule": "SIGN_IN", "idempotencyKey": key })
}

fn payload(user: &str, replayed: bool, seq: i64) -> Value {
    json!({
        "__typename": "EarnPointsPayload", "replayed": replayed, "operation": { "userId": user, "points": 5 },
        "entry": { "seq": seq, "availableAfter": seq * 5 },
    })
}

#[tokio::test]
async fn each_input_answers_in_its_place() {
    let (gateway, _database) = Gateway::new().await;
    let inputs = vec![
        sign_in("dora", "1"),
        json!({ "userId": "dora", "rule": "NOTHING", "idempotencyKey": "2" }),
        sign_in("emil", "1"),
        json!({ "userId": "dora", "rule": "ORDER", "amount": "-1", "idempotencyKey": "3" }),
        sign_in("dora", "4"),
        sign_in("dora", "1"),
        json!({ "userId": "dora", "rule": "TASK", "idempotencyKey": "1" }),
    ];
    assert_eq!(
        batch(&gateway, inputs).await,
        [
            payload("dora", false, 1),
            json!({
                "__typename": "Refusal", "code": "UNKNOWN_RULE", "message": "No such rule, or no version of it is in force.",
                "retryable": false, "details": { "rule": "NOTHING" }, "path": null,
            }),
            payload("emil", false, 1),
            json!({
                "__typename": "Refusal", "code": "INVALID_INPUT",
                "message": "amount: must be from 0 to less than 1000000000000, with at most 8 decimals",
                "retryable": false, "details": null, "path": ["inputs", "3", "amount"],
            }),
            payload("dora", false, 2),
            payload("dora", true, 1),
            json!({
                "__typename": "Refusal", "code": "IDEMPOTENCY_CONFLICT", "message": "The idempotency key was used for another request.",
                "retryable": false, "details": null, "path": null,
            }),
        ]
    );
    assert_eq!(gateway.available("dora").await, 10);
}

#[tokio::test]
async fn five_hundred_go_at_once_and_one_more_does_not() {
    let (gateway, database) = Gateway::new().await;
    let inputs = |count: usize| {
        (0..count).map(|number| sign_in(&format!("m{}", number % 20), &number.to_string())).collect::<Vec<_>>()
    };
    let error = gateway.refused(BATCH, json!({ "inputs": inputs(501) })).await;
    assert_eq!(error["extensions"]["code"], "INVALID_INPUT");
    assert_eq!(error["extensions"]["path"], json!(["inputs"]));
    let client = database.client().await;
    let signed_in = "select count(*) from points.operation where rule = 'SIGN_IN' and idempotency_key !~ 'demo'";
    assert_eq!(client.query_one(signed_in, &[]).await.unwrap().get::<_, i64>(0), 0);

    let results = batch(&gateway, inputs(500)).await;
    for (number, result) in results.iter().enumerate() {
        // those of one account in their order
        assert_eq!(*result, payload(&format!("m{}", number % 20), false, number as i64 / 20 + 1));
    }
    assert_eq!(results.len(), 500);
    assert_eq!(client.query_one(signed_in, &[]).await.unwrap().get::<_, i64>(0), 500);

    assert_eq!(batch(&gateway, Vec::new()).await, [] as [Value; 0]);
}

#[tokio::test]
async fn one_input_with_nul_fails_alone() {
    let (gateway, _database) = Gateway::new().await;
    let mut inputs: Vec<_> = (0..50).map(|number| sign_in(&format!("m{number}"), "1")).collect();
    inputs.insert(25, sign_in("d\0ra", "1"));
    let mut results = batch(&gateway, inputs).await;
    assert_eq!(
        results.remove(25),
        json!({
            "__typename": "Refusal", "code": "INVALID_INPUT", "message": "userId: must not contain the character NUL",
            "retryable": false, "details": null, "path": ["inputs", "25", "userId"],
        })
    );
    let expected: Vec<_> = (0..50).map(|number| payload(&format!("m{number}"), false, 1)).collect();
    assert_eq!(results, expected);
}
