//! INVALID_INPUT: everything that can be wrong with what is sent.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Gateway, code};

fn valid(field: &str) -> Value {
    match field {
        "earnPoints" => json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": "1" }),
        "spendPoints" => json!({ "userId": "dora", "points": 1, "idempotencyKey": "1" }),
        "adjustPoints" => json!({ "userId": "dora", "points": 1, "idempotencyKey": "1", "reason": "r", "actor": "a" }),
        _ => panic!("{field}"),
    }
}

/// Sends the valid input with other values; the error.
async fn refused(gateway: &Gateway, field: &str, values: Value) -> Value {
    let mut input = valid(field);
    for (name, value) in values.as_object().unwrap() {
        input[name] = value.clone();
    }
    let error = gateway.mutate(field, input).await.expect_err(&values.to_string());
    assert_eq!(code(&error), "INVALID_INPUT", "{field} {values}: {error}");
    assert_eq!(error["extensions"]["retryable"], false);
    error
}

#[tokio::test]
async fn each_input_at_fault_is_named() {
    let (gateway, database) = Gateway::new().await;
    let long = |length: usize| "长".repeat(length);
    for (field, at_fault, values) in [
        ("earnPoints", "userId", json!({ "userId": "" })),
        ("earnPoints", "userId", json!({ "userId": long(65) })),
        ("earnPoints", "userId", json!({ "userId": true })),
        ("earnPoints", "userId", json!({ "userId": null })),
        ("earnPoints", "idempotencyKey", json!({ "idempotencyKey": "" })),
        ("earnPoints", "idempotencyKey", json!({ "idempotencyKey": long(129) })),
        ("earnPoints", "idempotencyKey", json!({ "idempotencyKey": 1 })),
        ("earnPoints", "wallet", json!({ "wallet": "nowhere" })),
        ("earnPoints", "rule", json!({ "rule": ["SIGN_IN"] })),
        ("earnPoints", "amount", json!({ "amount": 1 })),
        ("earnPoints", "points", json!({ "points": 1 })),
        ("earnPoints", "amount", json!({ "rule": "ORDER" })),
        ("earnPoints", "points", json!({ "rule": "ORDER", "amount": 1, "points": 1 })),
        ("earnPoints", "amount", json!({ "rule": "ORDER", "amount": "-0.01" })),
        ("earnPoints", "amount", json!({ "rule": "ORDER", "amount": "1000000000000" })),
        ("earnPoints", "amount", json!({ "rule": "ORDER", "amount": "0.000000001" })),
        ("earnPoints", "amount", json!({ "rule": "ORDER", "amount": "forty" })),
        ("earnPoints", "amount", json!({ "rule": "ORDER", "amount": "NaN" })),
        ("earnPoints", "amount", json!({ "rule": "ORDER", "amount": true })),
        ("earnPoints", "amount", json!({ "rule": "TASK", "amount": 1 })),
        ("earnPoints", "points", json!({ "rule": "TASK", "points": 0 })),
        ("earnPoints", "points", json!({ "rule": "TASK", "points": -1 })),
        ("earnPoints", "points", json!({ "rule": "TASK", "points": "1" })),
        ("earnPoints", "points", json!({ "rule": "TASK", "points": 1.5 })),
        ("earnPoints", "points", json!({ "rule": "TASK", "points": 9_007_199_254_740_992_i64 })),
        ("earnPoints", "occurredAt", json!({ "occurredAt": "2190-01-01T00:00:00Z" })),
        ("earnPoints", "occurredAt", json!({ "occurredAt": "1969-12-31T23:59:59Z" })),
        ("earnPoints", "metadata", json!({ "metadata": [1] })),
        ("earnPoints", "metadata", json!({ "metadata": { "text": long(4096) } })),
        ("spendPoints", "points", json!({ "points": 0 })),
        ("spendPoints", "points", json!({ "points": -1 })),
        ("spendPoints", "points", json!({ "points": null })),
        ("spendPoints", "reason", json!({ "reason": long(501) })),
        ("spendPoints", "metadata", json!({ "metadata": "text" })),
        ("adjustPoints", "points", json!({ "points": 0 })),
        ("adjustPoints", "points", json!({ "points": -9_007_199_254_740_992_i64 })),
        ("adjustPoints", "reason", json!({ "reason": "" })),
        ("adjustPoints", "reason", json!({ "reason": long(501) })),
        ("adjustPoints", "actor", json!({ "actor": "" })),
        ("adjustPoints", "actor", json!({ "actor": long(129) })),
        ("adjustPoints", "expiresAt", json!({ "expiresAt": "2020-01-01T00:00:00Z" })),
        ("adjustPoints", "expiresAt", json!({ "expiresAt": "2190-01-01T00:00:00Z", "points": -1 })),
    ] {
        let error = refused(&gateway, field, values.clone()).await;
        assert_eq!(error["extensions"]["path"], json!(["input", at_fault]), "{field} {values}: {error}");
        assert!(error["message"].as_str().unwrap().contains(at_fault), "{field} {values}: {error}");
    }
    let accounts = "select count(*) from points.account where user_id not in ('alice', 'bob', 'carol')";
    assert_eq!(database.client().await.query_one(accounts, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn texts_may_be_as_long_as_it_says() {
    let (gateway, _database) = Gateway::new().await;
    let long = |length: usize| "长".repeat(length);
    let input = json!({
        "userId": long(64), "points": 1, "idempotencyKey": long(128), "reason": long(500), "actor": long(128),
        "metadata": { "text": long(4000) },
    });
    let payload = gateway.mutate("adjustPoints", input).await.unwrap();
    assert_eq!(payload["operation"]["userId"], long(64));
    assert_eq!(payload["operation"]["metadata"], json!({ "text": long(4000) }));
}

#[tokio::test]
async fn nul_is_refused_in_every_text() {
    let (gateway, _database) = Gateway::new().await;
    for (field, text) in [
        ("earnPoints", "userId"),
        ("earnPoints", "idempotencyKey"),
        ("earnPoints", "rule"),
        ("earnPoints", "wallet"),
        ("spendPoints", "reason"),
        ("adjustPoints", "reason"),
        ("adjustPoints", "actor"),
    ] {
        let error = refused(&gateway, field, json!({ text: "a\0b" })).await;
        assert_eq!(error["extensions"]["path"], json!(["input", text]), "{field}");
        assert_eq!(error["message"], format!("{text}: must not contain the character NUL"), "{field}");
    }
    for metadata in [json!({ "a": "\0" }), json!({ "\0": 1 }), json!({ "a": [{ "b": [1, "\0"] }] })] {
        let error = refused(&gateway, "earnPoints", json!({ "metadata": metadata })).await;
        assert_eq!(error["extensions"]["path"], json!(["input", "metadata"]), "{metadata}");
    }
}

#[tokio::test]
async fn an_instant_that_is_none_is_refused() {
    let (gateway, _database) = Gateway::new().await;
    for instant in ["yesterday", "2024-02-30T00:00:00Z", ""] {
        refused(&gateway, "earnPoints", json!({ "occurredAt": instant })).await;
        refused(&gateway, "adjustPoints", json!({ "expiresAt": instant })).await;
    }
    // one that PostgreSQL cannot receive
    let long_ago = "-200000-01-01T00:00:00Z";
    for (field, at_fault) in [("earnPoints", "occurredAt"), ("adjustPoints", "expiresAt")] {
        let error = refused(&gateway, field, json!({ at_fault: long_ago })).await;
        assert_eq!(error["extensions"]["path"], json!(["input", at_fault]));
    }
}

#[tokio::test]
async fn an_unknown_or_missing_field_is_named() {
    let (gateway, _database) = Gateway::new().await;
    let error = refused(&gateway, "earnPoints", json!({ "colour": "red" })).await;
    assert_eq!(error["extensions"]["path"], json!(["input"]));
    assert!(error["message"].as_str().unwrap().contains("unknown field \"colour\""), "{error}");
    let error = gateway.mutate("earnPoints", json!({ "userId": "dora", "idempotencyKey": "1" })).await.unwrap_err();
    assert_eq!(error["extensions"]["path"], json!(["input"]));
    assert!(error["message"].as_str().unwrap().contains("\"rule\""), "{error}");
}

#[tokio::test]
async fn a_document_that_graphql_refuses_is_invalid_input() {
    let (gateway, _database) = Gateway::new().await;
    for query in [
        "",
        "{ account(",
        "{ nothing }",
        "{ account { version } }",
        r#"{ account(userId: "alice", colour: 1) { version } }"#,
        r#"{ account(userId: "alice") { version colour } }"#,
        r#"query($a: ID!) { account(userId: $a) { version } }"#,
        "query A { __typename } query B { __typename }",
        "subscription { account }",
    ] {
        let response = gateway.send(query, json!({})).await;
        assert_eq!(response["data"], json!(null), "{query}");
        for error in response["errors"].as_array().unwrap() {
            assert_eq!(code(error), "INVALID_INPUT", "{query}: {error}");
            assert_eq!(error["extensions"]["retryable"], false);
        }
    }
}

/// A document is validated as a whole once. What it is given is looked at before anything is carried out all the same, in
/// arguments far below the mutation, too.
#[tokio::test]
async fn what_a_known_document_is_given_is_refused_as_that_of_an_unknown_one() {
    let (gateway, _database) = Gateway::new().await;
    let query = "mutation($input: EarnPointsInput!, $first: Int = 5, $days: Int! = 30, $ask: Boolean!) { earnPoints(input: $input) { account \
                 { entries(first: $first) @include(if: $ask) { nodes { seq } } expiringPoints(withinDays: $days) { points } } } }";
    let input = |key: &str| json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": key });
    let sound = |key: &str| json!({ "input": input(key), "ask": true });
    let faults = [
        json!({ "first": "5" }),
        json!({ "first": 0.5 }),
        json!({ "days": null }),
        json!({ "days": [30] }),
        json!({ "ask": null }),
        json!({ "ask": "yes" }),
        json!({ "input": null }),
        json!({ "input": { "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": "x", "ammount": 1 } }),
        json!({ "input": { "userId": "dora", "rule": "SIGN_IN" } }),
        json!({ "input": { "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": "x", "amount": "forty" } }),
    ];
    let refusals = async || {
        let mut refusals = Vec::new();
        for fault in &faults {
            let mut variables = sound("x");
            variables.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
            let response = gateway.send(query, variables).await;
            assert_eq!(code(&response["errors"][0]), "INVALID_INPUT", "{response}");
            refusals.push(response);
        }
        refusals
    };
    let unknown = refusals().await;
    let answer = gateway.ask(query, sound("1")).await;
    assert_eq!(answer["earnPoints"]["account"]["entries"]["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(refusals().await, unknown);
    assert_eq!(gateway.ask(query, sound("1")).await, answer);
    let listed = "{ account(userId: \"dora\") { entries { nodes { seq } } } }";
    let entries = gateway.ask(listed, json!({})).await;
    assert_eq!(entries["account"]["entries"]["nodes"].as_array().unwrap().len(), 1, "what was refused was carried out");
}

/// Without one of its variables an argument is not looked at, and the document is not taken for valid.
#[tokio::test]
async fn what_was_not_looked_at_whole_is_looked_at_again() {
    let (gateway, _database) = Gateway::new().await;
    let query = "mutation($user: ID!) { earnPoints(input: { userId: $user, rule: \"SIGN_IN\", idempotencyKey: \"1\", ammount: 1 }) { replayed } }";
    for variables in [json!({}), json!({ "user": "dora" }), json!({}), json!({ "user": "dora" })] {
        let response = gateway.send(query, variables.clone()).await;
        assert_eq!(code(&response["errors"][0]), "INVALID_INPUT", "{variables} {response}");
    }
    assert_eq!(gateway.ask("{ account(userId: \"dora\") { version } }", json!({})).await["account"], json!(null));
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused_as_graphql() {
    let (gateway, _database) = Gateway::new().await;
    let json_type = "application/json";
    let large = json!({ "query": "{ __typename }", "operationName": "x".repeat(1 << 20) }).to_string();
    for (content_type, body, status) in [
        (json_type, "", StatusCode::BAD_REQUEST),
        (json_type, "{", StatusCode::BAD_REQUEST),
        (json_type, r#"{"query": 1}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (json_type, r#"[{"query": "{ __typename }"}]"#, StatusCode::UNPROCESSABLE_ENTITY),
        ("text/plain", r#"{"query": "{ __typename }"}"#, StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (json_type, large.as_str(), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let request = gateway.http.post(format!("http://{}/graphql", gateway.address)).bearer_auth(&gateway.key);
        let response = request.header("content-type", content_type).body(body.to_owned()).send().await.unwrap();
        assert_eq!(response.status(), status);
        let response: Value = response.json().await.unwrap();
        assert_eq!(response["data"], json!(null));
        assert_eq!(code(&response["errors"][0]), "INVALID_INPUT", "{response}");
    }
}
