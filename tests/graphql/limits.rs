//! How much one request may ask for.

use serde_json::json;

use super::{Gateway, code};

#[tokio::test]
async fn introspection_as_graphiql_sends_it_is_answered() {
    let (gateway, _database) = Gateway::new().await;
    // without a key, too: the page asks for it first
    for gateway in [gateway.with_key("none"), gateway.clone()] {
        let request = json!({ "query": include_str!("introspection.graphql"), "operationName": "IntrospectionQuery" });
        let mut post = gateway.http.post(format!("http://{}/graphql", gateway.address)).json(&request);
        if gateway.key != "none" {
            post = post.bearer_auth(&gateway.key);
        }
        let response: serde_json::Value = post.send().await.unwrap().json().await.unwrap();
        assert_eq!(response["errors"], json!(null));
        let types = response["data"]["__schema"]["types"].as_array().unwrap();
        let points = types.iter().find(|described| described["name"] == "Points").unwrap();
        assert!(points["description"].as_str().unwrap().contains("9007199254740991"));
    }
}

/// A query whose fields go so many levels down.
fn levels(depth: usize) -> String {
    let inner = (0..depth - 4).rev().fold("kind".to_owned(), |inner, level| {
        let field = ["operation", "entry"][level % 2];
        format!("{field} {{ {inner} }}")
    });
    format!("{{ account(userId: \"alice\") {{ entries(first: 1) {{ nodes {{ {inner} }} }} }} }}")
}

#[tokio::test]
async fn a_query_goes_sixteen_levels_down_and_no_further() {
    let (gateway, _database) = Gateway::new().await;
    let data = gateway.ask(&levels(16), json!({})).await;
    assert!(data.to_string().contains("\"kind\":\"SPEND\""), "{data}");
    let error = gateway.refused(&levels(17), json!({})).await;
    assert_eq!((code(&error), &error["message"]), ("INVALID_INPUT", &json!("Query is nested too deep.")));
    // far beyond what a stack could take
    let error = gateway.refused(&levels(20_000), json!({})).await;
    assert_eq!(code(&error), "INVALID_INPUT");
}

#[tokio::test]
async fn a_query_asks_for_no_more_than_twenty_thousand_fields() {
    let (gateway, _database) = Gateway::new().await;
    let query = |accounts: usize| {
        let account =
            r#"account(userId: "alice") { entries(first: 100) { nodes { seq kind operation { kind points } } } }"#;
        let all: Vec<_> = (0..accounts).map(|number| format!("a{number}: {account}")).collect();
        format!("{{ {} }}", all.join(" "))
    };
    // each account counts its 100 rows of 6 fields
    gateway.ask(&query(30), json!({})).await;
    let error = gateway.refused(&query(34), json!({})).await;
    assert_eq!((code(&error), &error["message"]), ("INVALID_INPUT", &json!("Query is too complex.")));
}

#[tokio::test]
async fn a_batch_of_five_hundred_may_ask_for_all_that_there_is() {
    let (gateway, _database) = Gateway::new().await;
    let inputs: Vec<_> = (0..500)
        .map(|number| json!({ "userId": format!("m{}", number % 9), "rule": "SIGN_IN", "idempotencyKey": number.to_string() }))
        .collect();
    let query = "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) {
        __typename
        ... on EarnPointsPayload {
            replayed
            operation { userId points recordedAt expiresAt client idempotencyKey rule ruleVersion metadata }
            entry { seq kind availableDelta availableAfter pendingAfter contra recordedAt }
            account { userId version level { code } balance { available pending held earned spent } }
        }
        ... on Refusal { code message retryable details path }
    } }";
    let data = gateway.ask(query, json!({ "inputs": inputs })).await;
    let results = data["earnPointsBatch"].as_array().unwrap();
    assert!(results.iter().all(|result| result["__typename"] == "EarnPointsPayload"));
    assert_eq!(results.len(), 500);
}
