//! How often members, and those who are not known, may ask.

use jifen::config::Limits;
use jsonwebtoken::Algorithm;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    Gateway, code, make_key,
    socket::{Socket, TRANSPORT},
    tokens::{Signer, limited_gateway, options},
};

const OWN: &str = r#"{ account(userId: "alice") { version } }"#;
const NOTHING: &str = "{ __typename }";
/// One request, and then one in so many seconds that no test sees it.
const ONE: f64 = 0.01;

/// An answer without a credential, or with this one.
async fn ask(gateway: &Gateway, credential: Option<&str>, query: &str) -> (StatusCode, Option<u64>, Value) {
    let mut request = gateway.http.post(format!("http://{}/graphql", gateway.address)).json(&json!({ "query": query }));
    if let Some(credential) = credential {
        request = request.bearer_auth(credential);
    }
    let response = request.send().await.unwrap();
    let after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status(), after, response.json().await.unwrap())
}

/// Asserts that an answer says to come again later.
fn assert_limited((status, after, answer): (StatusCode, Option<u64>, Value)) {
    let error = &answer["errors"][0];
    assert_eq!((status, code(error)), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"), "{answer}");
    let seconds = error["extensions"]["details"]["retryAfterSeconds"].as_u64();
    assert!(after == seconds && (1..=100).contains(&after.unwrap()), "{after:?} {answer}");
}

#[tokio::test]
async fn a_member_asks_as_often_as_the_rate_of_members_allows() {
    let limits = Limits { member_rate: ONE, ..Limits::default() };
    let (gateway, _database) = limited_gateway(&options(Algorithm::EdDSA), limits).await;
    let signer = Signer::new(Algorithm::EdDSA);
    let alice = gateway.with_key(&signer.of("alice"));
    let mut socket = Socket::of(&alice).await;
    assert_eq!(socket.ask("a", OWN).await["data"]["account"]["version"], 4);
    // by either way
    assert_limited(ask(&alice, Some(&alice.key), OWN).await);
    assert_eq!(code(&socket.ask("b", OWN).await["errors"][0]), "RATE_LIMITED");
    // others have their own
    let bob = signer.of("bob");
    assert_eq!(ask(&gateway, Some(&bob), NOTHING).await.0, StatusCode::OK);
    assert_limited(ask(&gateway, Some(&bob), NOTHING).await);
    for _ in 0..5 {
        assert_eq!(ask(&gateway, Some(&gateway.key), NOTHING).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn those_without_a_credential_ask_as_often_as_the_rate_of_strangers_allows() {
    let limits = Limits { stranger_rate: ONE, ..Limits::default() };
    let (gateway, _database) = limited_gateway(&options(Algorithm::EdDSA), limits).await;
    let mut socket = Socket::greeted(&gateway, json!(null)).await;
    assert_eq!(socket.ask("a", NOTHING).await["data"]["__typename"], "Query");
    assert_limited(ask(&gateway, None, NOTHING).await);
    assert_eq!(code(&socket.ask("b", NOTHING).await["errors"][0]), "RATE_LIMITED");
    let file = gateway.http.get(format!("http://{}/batches/x.csv", gateway.address)).send().await.unwrap();
    assert_eq!(file.status(), StatusCode::TOO_MANY_REQUESTS);
    // who shows a credential that is good does not suffer
    let alice = Signer::new(Algorithm::EdDSA).of("alice");
    for credential in [&gateway.key, &alice] {
        for _ in 0..5 {
            assert_eq!(ask(&gateway, Some(credential), NOTHING).await.0, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn wrong_credentials_are_looked_at_as_often_as_the_rate_of_strangers_allows() {
    let limits = Limits { stranger_rate: ONE, ..Limits::default() };
    let (gateway, database) = limited_gateway(&options(Algorithm::RS256), limits).await;
    let signer = Signer::new(Algorithm::RS256);
    let (alice, bob) = (signer.of("alice"), signer.of("bob"));
    assert_eq!(ask(&gateway, Some(&alice), OWN).await.0, StatusCode::OK);
    assert_eq!(ask(&gateway, Some(&gateway.key), NOTHING).await.0, StatusCode::OK);
    let (signed, _) = alice.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", bob.rsplit_once('.').unwrap().1);
    for credential in [&forged, "jf_unknown"] {
        let (status, _, answer) = ask(&gateway, Some(credential), OWN).await;
        assert_eq!((status, code(&answer["errors"][0])), (StatusCode::OK, "UNAUTHENTICATED"), "{credential}");
    }
    // from now on nothing is verified, and the database is not asked
    let locker = database.client().await;
    locker.batch_execute("begin; lock table points.client_key").await.unwrap();
    for credential in [&forged, "jf_unknown", "jf_another", "", &bob] {
        assert_limited(ask(&gateway, Some(credential), OWN).await);
    }
    let metrics = gateway.http.get(format!("http://{}/metrics", gateway.address)).bearer_auth("jf_unknown");
    assert_eq!(metrics.send().await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    let mut socket = Socket::open(&gateway, TRANSPORT).await;
    let init = json!({ "type": "connection_init", "payload": { "authorization": "Bearer jf_unknown" } });
    socket.send(init).await;
    assert!(socket.closed().await.1.starts_with("More requests came"));
    // those that are known are
    assert_eq!(ask(&gateway, Some(&alice), OWN).await.0, StatusCode::OK);
    locker.batch_execute("rollback").await.unwrap();
    assert_eq!(ask(&gateway, Some(&gateway.key), NOTHING).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_key_that_many_send_before_it_is_known_costs_nothing() {
    let limits = Limits { stranger_rate: ONE, ..Limits::default() };
    let (gateway, database) = limited_gateway(&options(Algorithm::EdDSA), limits).await;
    let key = make_key(&database, "shop", &["read"], None).await;
    let signer = Signer::new(Algorithm::EdDSA);
    let mut asking = JoinSet::new();
    for number in 0..60 {
        let (gateway, key) = (gateway.clone(), key.clone());
        let token = signer.of(&format!("member-{number}"));
        asking.spawn(async move {
            (ask(&gateway, Some(&key), NOTHING).await.0, ask(&gateway, Some(&token), NOTHING).await.0)
        });
    }
    assert!(asking.join_all().await.into_iter().all(|statuses| statuses == (StatusCode::OK, StatusCode::OK)));
}

#[tokio::test]
async fn an_expired_token_shuts_out_nobody() {
    let limits = Limits { stranger_rate: ONE, ..Limits::default() };
    let (gateway, _database) = limited_gateway(&options(Algorithm::EdDSA), limits).await;
    let signer = Signer::new(Algorithm::EdDSA);
    let (expired, another) = (signer.expired("alice"), signer.expired("bob"));
    for credential in [&expired, &another, &expired, &expired] {
        let (status, _, answer) = ask(&gateway, Some(credential), OWN).await;
        assert_eq!((status, code(&answer["errors"][0])), (StatusCode::OK, "UNAUTHENTICATED"));
    }
    assert_eq!(ask(&gateway, Some(&signer.of("alice")), OWN).await.0, StatusCode::OK);
    assert_eq!(ask(&gateway, None, NOTHING).await.0, StatusCode::OK);
}
