//! How much one request may ask for.

use serde_json::json;

use super::{
    Gateway, code,
    socket::{Events, Socket},
};

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

#[tokio::test]
async fn introspection_is_answered_once_a_document_whatever_it_looks_like() {
    let (gateway, _database) = Gateway::new().await;
    let twice = "asks for __schema or __type more than once";
    let again = "asks for a field of introspection twice";
    let within = "asks for a list of introspection within itself";
    let aliases = |field: &str| (0..400).map(|number| format!("a{number}: {field} ")).collect::<String>();
    let refused = [
        (format!("{{ {} }}", aliases("__schema { types { description fields { description } } }")), twice),
        ("{ __schema { types { name } } __type(name: \"Query\") { name } }".to_owned(), twice),
        ("{ ...f ... { ...f } } fragment f on Query { __schema { types { name } } }".to_owned(), twice),
        ("query a { __typename } query b { ...f b: __schema { types { name } } } fragment f on Query { __type(name: \"Query\") { name } }".to_owned(), twice),
        (format!("{{ __schema {{ {} }} }}", aliases("types { fields { description } }")), again),
        (format!("{{ __schema {{ types {{ fields {{ args {{ {} }} }} }} }} }}", aliases("description")), again),
        ("{ __schema { types { ...f ...g } } } fragment f on __Type { name } fragment g on __Type { name }".to_owned(), again),
        ("{ __schema { types { fields { type { ofType { fields { name } } } } } } }".to_owned(), within),
        ("{ __schema { types { ...f } } } fragment f on __Type { fields { type { ...g } } } fragment g on __Type { fields { name } }".to_owned(), within),
    ];
    for (query, told) in &refused {
        let operation = query.contains("query b").then_some("b");
        let request = json!({ "query": query, "operationName": operation });
        let post = gateway.http.post(format!("http://{}/graphql", gateway.address)).json(&request);
        let response: serde_json::Value = post.send().await.unwrap().json().await.unwrap();
        let error = &response["errors"][0];
        assert_eq!((&response["data"], code(error)), (&json!(null), "INVALID_INPUT"), "{query}");
        assert!(error["message"].as_str().unwrap().contains(told), "{query}: {error}");
    }
    let (query, told) = &refused[0];
    let mut socket = Socket::of(&gateway).await;
    let mut events = Events::of(&gateway, query).await;
    for response in [socket.ask("a", query).await, events.next().await.unwrap().1] {
        assert!(response["errors"][0]["message"].as_str().unwrap().contains(told), "{response}");
    }

    // The largest that is answered: everything, down to the values of what arguments are made of.
    let described = "name description isDeprecated deprecationReason type { name description ofType { name description
        ofType { name description ofType { name description } } } }";
    let values = "type { ofType { ofType { inputFields { name description type { ofType { enumValues { name description } } } } } } }";
    let largest = format!(
        "{{ __schema {{ types {{ description possibleTypes {{ description }} enumValues {{ description }} fields {{ {described} args {{ name description {values} }} }} }} }} }}"
    );
    let body = gateway.send(&largest, json!({})).await;
    assert_eq!(body["errors"], json!(null));
    let length = body.to_string().len();
    assert!(length < 4_000_000, "{length}");
}

#[tokio::test]
async fn fragments_that_double_are_refused_before_they_are_walked() {
    let (gateway, _database) = Gateway::new().await;
    let doubling: String = (0..30)
        .map(|level| format!("fragment f{level} on Query {{ ...f{next} ...f{next} }} ", next = level + 1))
        .collect();
    let query = format!("{{ ...f0 }} {doubling} fragment f30 on Query {{ __typename }}");
    let error = gateway.refused(&query, json!({})).await;
    assert_eq!((code(&error), &error["message"]), ("INVALID_INPUT", &json!("The document is too complex.")));
    let error = gateway.refused("{ ...f } fragment f on Query { ...f }", json!({})).await;
    assert_eq!(code(&error), "INVALID_INPUT");
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
