use serde_json::json;

use super::{Gateway, code, make_key};

const LIMIT: &str =
    "mutation($input: CreateLimitInput!) { createLimit(input: $input) { limit { code per maxTimes givesBack } } }";
const RISK: &str =
    "mutation($input: SetRiskRuleInput!) { setRiskRule(input: $input) { riskRule { code measure threshold } } }";

#[tokio::test]
async fn awards_are_counted_by_where_they_come_from() {
    let (gateway, database) = Gateway::new().await;
    let terms = json!({
        "code": "SIGN_IN_HOME", "name": "Sign-ins", "rules": ["SIGN_IN"], "period": "DAY", "maxTimes": 2, "per": "ADDRESS", "idempotencyKey": "l",
    });
    let made = gateway.ask(LIMIT, json!({ "input": terms })).await;
    assert_eq!(
        made["createLimit"]["limit"],
        json!({ "code": "SIGN_IN_HOME", "per": "ADDRESS", "maxTimes": 2, "givesBack": false })
    );
    let rule = json!({
        "code": "FARM", "name": "Farm", "rules": ["TASK"], "measure": "DEVICE_MEMBERS", "threshold": 3, "windowMinutes": 60,
        "decision": "DENY", "mode": "ON", "idempotencyKey": "r",
    });
    let made = gateway.ask(RISK, json!({ "input": rule })).await;
    assert_eq!(made["setRiskRule"]["riskRule"], json!({ "code": "FARM", "measure": "DEVICE_MEMBERS", "threshold": 3 }));

    // by two gateways, in one batch and alone
    let other = Gateway::over(&database.url(), &gateway.key).await;
    let home = json!({ "address": "203.0.113.7", "device": "phone" });
    let sign_in = |user: &str| json!({ "userId": user, "idempotencyKey": "s", "origin": home });
    gateway.mutate("signIn", sign_in("ann")).await.unwrap();
    other.mutate("signIn", sign_in("bob")).await.unwrap();
    let error = gateway.mutate("signIn", sign_in("cat")).await.unwrap_err();
    assert_eq!(code(&error), "LIMIT_REACHED");
    let limit = json!({ "code": "SIGN_IN_HOME", "per": "address", "period": "day", "times": 2, "max_times": 2 });
    assert_eq!(error["extensions"]["details"], json!({ "limit": limit }));
    let mut again = sign_in("ann");
    again["origin"] = json!({ "address": "2001:db8::1" });
    assert_eq!(gateway.mutate("signIn", again).await.unwrap()["replayed"], true);

    let inputs: Vec<_> = ["ann", "bob", "cat", "dan"]
        .map(|user| json!({ "userId": user, "rule": "TASK", "points": 5, "idempotencyKey": "t", "origin": { "device": "phone" } }))
        .into();
    let query =
        "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) { ... on Refusal { code } } }";
    let answer = other.ask(query, json!({ "inputs": inputs })).await;
    let results = answer["earnPointsBatch"].as_array().unwrap();
    assert_eq!(results.iter().filter(|result| result["code"] == "AWARD_DENIED").count(), 2, "{answer}");

    for (origin, path) in [
        (json!({ "address": "203.0.113" }), json!(["input", "origin", "address"])),
        (json!({ "device": "" }), json!(["input", "origin"])),
        (json!({ "device": "a\u{0}b" }), json!(["input", "origin"])),
    ] {
        let input = json!({ "userId": "ann", "rule": "TASK", "points": 5, "idempotencyKey": "u", "origin": origin });
        let error = gateway.mutate("earnPoints", input).await.unwrap_err();
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &path), "{error}");
    }
    let reader = gateway.with_key(&make_key(&database, "reader", &["read"], None).await);
    let error = reader.refused(LIMIT, json!({ "input": terms })).await;
    assert_eq!(code(&error), "FORBIDDEN");
}
