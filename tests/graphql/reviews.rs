use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const RULE: &str = "mutation($input: SetRiskRuleInput!) { setRiskRule(input: $input) { replayed riskRule {
    code name rules measure threshold windowMinutes minAwards fromHour toHour decision waitDays mode } } }";

fn rule() -> Value {
    json!({ "input": {
        "code": "LARGE", "name": "Large awards", "rules": ["ORDER"], "measure": "WINDOW_POINTS", "threshold": 100, "windowMinutes": 60,
        "decision": "REVIEW", "mode": "ON", "waitDays": 5, "idempotencyKey": "r",
    } })
}

fn decide(field: &str, operation: &Value, key: &str) -> (String, Value) {
    let query = format!(
        "mutation($input: DecideAwardInput!) {{ {field}(input: $input) {{
            operation {{ kind points originalId actor }} entry {{ kind }} account {{ balance {{ available pending }} }} replayed }} }}"
    );
    let input = json!({ "userId": "dora", "operationId": operation, "idempotencyKey": key, "reason": "seen", "actor": "clerk 7" });
    (query, json!({ "input": input }))
}

#[tokio::test]
async fn large_awards_queue_and_are_decided_on() {
    let (gateway, database) = Gateway::new().await;
    let mut made = gateway.ask(RULE, rule()).await["setRiskRule"].take();
    let expected = json!({
        "code": "LARGE", "name": "Large awards", "rules": ["ORDER"], "measure": "WINDOW_POINTS", "threshold": 100, "windowMinutes": 60,
        "minAwards": null, "fromHour": null, "toHour": null, "decision": "REVIEW", "waitDays": 5, "mode": "ON",
    });
    assert_eq!(made, json!({ "replayed": false, "riskRule": expected }));
    made["replayed"] = json!(true);
    assert_eq!(gateway.ask(RULE, rule()).await["setRiskRule"], made);
    let listed = gateway.ask("{ riskRules { nodes { code mode } } }", json!({})).await;
    assert_eq!(listed["riskRules"]["nodes"], json!([{ "code": "LARGE", "mode": "ON" }]));

    let order =
        |amount: i32, key: &str| json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": key });
    let mut ids = Vec::new();
    for (amount, key) in [(60, "1"), (60, "2"), (1, "3")] {
        ids.push(gateway.mutate("earnPoints", order(amount, key)).await.unwrap()["operation"]["id"].take());
    }
    let queue = "query($after: String) { reviews(first: 1, after: $after) { nodes { operationId userId points status reasons asker deadline }
        pageInfo { hasNextPage endCursor } } }";
    let mut page = gateway.ask(queue, json!({})).await["reviews"].take();
    assert!(page["nodes"][0]["deadline"].take().is_string());
    let waiting = |place: usize, points: i32| json!([{ "operationId": ids[place], "userId": "dora", "points": points, "status": "WAITING", "reasons": ["LARGE"], "asker": null, "deadline": null }]);
    assert_eq!(page["nodes"], waiting(1, 60));
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let mut page = gateway.ask(queue, json!({ "after": page["pageInfo"]["endCursor"] })).await["reviews"].take();
    page["nodes"][0]["deadline"].take();
    assert_eq!((&page["nodes"], &page["pageInfo"]["hasNextPage"]), (&waiting(2, 1), &json!(false)));

    let (approve, input) = decide("approveAward", &ids[1], "a");
    let mut done = gateway.ask(&approve, input.clone()).await["approveAward"].take();
    let expected = json!({
        "operation": { "kind": "APPROVE", "points": 0, "originalId": ids[1], "actor": "clerk 7" }, "entry": null,
        "account": { "balance": { "available": 120, "pending": 1 } }, "replayed": false,
    });
    assert_eq!(done, expected);
    done["replayed"] = json!(true);
    assert_eq!(gateway.ask(&approve, input).await["approveAward"], done);
    let (reject, input) = decide("rejectAward", &ids[2], "b");
    let done = gateway.ask(&reject, input).await["rejectAward"].take();
    assert_eq!((&done["operation"]["points"], &done["entry"]["kind"]), (&json!(-1), &json!("CLAWBACK")));
    assert_eq!(gateway.ask(queue, json!({})).await["reviews"]["nodes"], json!([]));
    let (reject, input) = decide("rejectAward", &ids[1], "c");
    let error = gateway.refused(&reject, input).await;
    assert_eq!((code(&error), &error["extensions"]["details"]["status"]), ("REVIEW_CLOSED", &json!("approved")));

    let test = "{ testRiskRule(code: \"LARGE\", from: \"2020-01-01T00:00:00Z\", to: \"2190-01-01T00:00:00Z\") { awards hits members points } }";
    // the demonstration has orders, too
    let tested = gateway.ask(test, json!({})).await["testRiskRule"].take();
    assert!(tested["hits"].as_i64().unwrap() >= 2 && tested["awards"].as_i64().unwrap() >= 5, "{tested}");
    crate::database::assert_laws(&database.client().await).await;
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let (gateway, database) = Gateway::new().await;
    for (name, value) in [
        ("code", json!("x")),
        ("threshold", json!(0)),
        ("windowMinutes", Value::Null),
        ("rules", json!(["NO"])),
        ("fromHour", json!(3)),
        ("waitDays", json!(0)),
    ] {
        let mut input = rule();
        input["input"][name] = value;
        let error = gateway.refused(RULE, input).await;
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", name])), "{error}");
    }
    let mut deny = rule();
    deny["input"]["decision"] = json!("DENY");
    deny["input"]["waitDays"] = Value::Null;
    gateway.ask(RULE, deny).await;
    let order = json!({ "userId": "dora", "rule": "ORDER", "amount": 100, "idempotencyKey": "1" });
    let error = gateway.mutate("earnPoints", order).await.unwrap_err();
    assert_eq!(code(&error), "AWARD_DENIED");
    assert_eq!(error["extensions"]["details"]["risk"], json!({ "decision": "deny", "reasons": ["LARGE"] }));
    assert_eq!(code(&gateway.refused(RULE, rule()).await), "IDEMPOTENCY_CONFLICT");
    let (approve, input) = decide("approveAward", &json!("00000000-0000-0000-0000-000000000000"), "a");
    assert_eq!(code(&gateway.refused(&approve, input.clone()).await), "UNKNOWN_OPERATION");
    let key = make_key(&database, "shop", &["earn", "spend", "read"], None).await;
    for (query, input, scope) in [(RULE, rule(), "rules"), (&approve, input, "adjust")] {
        let error = gateway.with_key(&key).refused(query, input).await;
        assert_eq!((code(&error), &error["extensions"]["details"]["scope"]), ("FORBIDDEN", &json!(scope)));
    }
}
