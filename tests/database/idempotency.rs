use chrono::TimeDelta;
use serde_json::json;

use super::{number, one};
use crate::common::{Database, Kind, Request, execute, instant};

#[tokio::test]
async fn replaying_a_key_returns_the_first_entry() {
    let database = Database::new().await;
    let client = database.client().await;
    let request = Request::earn("zoe", "ORDER", "o1").amount("50").metadata(json!({ "shop": 7, "till": [1, 2] }));
    let first = one(&client, request.clone(), None).await;
    one(&client, Request::spend("zoe", 20, "s1"), None).await;
    let again = one(&client, request, None).await;
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!((again.refusal, again.points), (None, Some(50)));
    assert_eq!(again.entry, first.entry);
    assert_eq!(again.account.unwrap().available, 30, "the account is shown as it is now");
    assert_eq!(number(&client, "select count(*) from api.operation where user_id = 'zoe'").await, 2);
}

#[tokio::test]
async fn equal_numbers_and_equal_json_are_the_same_request() {
    let database = Database::new().await;
    let client = database.client().await;
    let request = Request::earn("zoe", "ORDER", "o1");
    one(&client, request.clone().amount("50").metadata(json!({ "a": 1, "b": 2 })), None).await;
    let again = one(&client, request.amount("50.00").metadata(json!({ "b": 2, "a": 1 })), None).await;
    assert!(again.replayed);
    let named = Request { wallet: Some("points".to_owned()), ..Request::earn("zoe", "SIGN_IN", "s1") };
    one(&client, Request::earn("zoe", "SIGN_IN", "s1"), None).await;
    assert!(one(&client, named, None).await.replayed, "null means the wallet points");
}

#[tokio::test]
async fn another_payload_under_a_key_is_a_conflict() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2024-05-01T12:00:00Z");
    let earn = Request::earn("zoe", "ORDER", "e").amount("50").metadata(json!({ "shop": 7 })).occurred_at(now);
    let adjust = Request::adjust("zoe", 5, "a").expires_at(now + TimeDelta::days(1));
    let spend = Request::spend("zoe", 5, "s");
    for request in [&earn, &adjust, &spend] {
        assert_eq!(one(&client, request.clone(), Some(now)).await.refusal, None);
    }
    let other = || Some("other".to_owned());
    for request in [
        earn.clone().amount("50.01"),
        earn.clone().amount("-1"),
        earn.clone().metadata(json!({ "shop": 8 })),
        Request { metadata: None, ..earn.clone() },
        earn.clone().occurred_at(now - TimeDelta::microseconds(1)),
        Request { occurred_at: None, ..earn.clone() },
        Request { rule: Some("SIGN_IN".to_owned()), amount: None, ..earn.clone() },
        Request { rule: Some("NO_RULE".to_owned()), ..earn.clone() },
        Request { reason: other(), ..earn.clone() },
        Request { actor: other(), ..earn.clone() },
        Request { kind: Some(Kind::Spend), ..earn.clone() },
        adjust.clone().points(6),
        adjust.clone().points(-5),
        adjust.clone().expires_at(now + TimeDelta::days(2)),
        Request { expires_at: None, ..adjust.clone() },
        Request { reason: other(), ..adjust.clone() },
        Request { actor: other(), ..adjust.clone() },
        spend.clone().points(6),
        Request { reason: other(), ..spend.clone() },
    ] {
        let outcome = one(&client, request.clone(), Some(now)).await;
        assert_eq!(outcome.refusal.as_deref(), Some("IDEMPOTENCY_CONFLICT"), "{request:?}");
        assert_eq!((outcome.points, outcome.entry), (None, None), "it says nothing about the first one");
    }
    for request in [earn, adjust, spend] {
        assert!(one(&client, request, Some(now)).await.replayed);
    }
}

#[tokio::test]
async fn a_conflict_stands_within_one_batch_too() {
    let database = Database::new().await;
    let client = database.client().await;
    let request = Request::earn("zoe", "TASK", "e").points(5);
    let invalid = Request { metadata: Some(json!(1)), ..request.clone() };
    let batch = [invalid.clone(), request.clone(), request.clone(), request.clone().points(6), invalid, request];
    let outcomes = execute(&client, &batch, None).await;
    let answers: Vec<_> =
        outcomes.iter().map(|outcome| (outcome.refusal.as_deref(), outcome.replayed, outcome.points)).collect();
    assert_eq!(
        answers,
        [
            (Some("INVALID_INPUT"), false, None),
            (None, false, Some(5)),
            (None, true, Some(5)),
            (Some("IDEMPOTENCY_CONFLICT"), false, None),
            (Some("IDEMPOTENCY_CONFLICT"), false, None),
            (None, true, Some(5)),
        ]
    );
    assert_eq!(outcomes[0].entry, None);
}

#[tokio::test]
async fn a_refusal_is_final_under_its_key() {
    let database = Database::new().await;
    let client = database.client().await;
    let refused = one(&client, Request::spend("zoe", 30, "s1"), None).await;
    assert_eq!(refused.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    let again = one(&client, Request::spend("zoe", 30, "s1"), None).await;
    assert_eq!((again.refusal.as_deref(), again.replayed), (Some("INSUFFICIENT_POINTS"), true));
    assert_eq!(again.detail, refused.detail);
    assert_eq!(again.account.unwrap().available, 100);
    let row = client
        .query_one("select refusal, points, detail from api.operation where idempotency_key = 's1'", &[])
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), ("INSUFFICIENT_POINTS", 0i64));
    assert_eq!(row.get::<_, Option<serde_json::Value>>(2), refused.detail);
    assert_eq!(one(&client, Request::spend("zoe", 30, "s2"), None).await.refusal, None, "another key is another try");
}

#[tokio::test]
async fn a_mistaken_request_leaves_nothing_and_its_key_is_free() {
    let database = Database::new().await;
    let client = database.client().await;
    let accounts = "select count(*) from points.account";
    let (operations, before) = ("select count(*) from points.operation", number(&client, accounts).await);
    let stored = number(&client, operations).await;
    for (request, refusal) in [
        (Request::earn("zoe", "TASK", "k").points(0), "INVALID_INPUT"),
        (Request::earn("zoe", "NO_RULE", "k"), "UNKNOWN_RULE"),
        (Request::earn("zoe", "TASK", "k").client_id(99), "FORBIDDEN"),
        (Request::spend("zoe", 5, "k").client_id(0), "FORBIDDEN"),
    ] {
        let outcome = one(&client, request, None).await;
        assert_eq!(outcome.refusal.as_deref(), Some(refusal));
        assert_eq!((outcome.replayed, outcome.points, outcome.account), (false, None, None));
        assert!(outcome.detail.is_some());
    }
    assert_eq!(number(&client, accounts).await, before);
    assert_eq!(number(&client, operations).await, stored);
    let corrected = one(&client, Request::earn("zoe", "TASK", "k").points(5), None).await;
    assert_eq!((corrected.refusal, corrected.replayed, corrected.points), (None, false, Some(5)));
}

#[tokio::test]
async fn a_replay_keeps_its_award_when_the_rule_has_changed() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2024-05-01T12:00:00Z");
    let later = now + TimeDelta::days(1_000);
    let request = Request::earn("zoe", "ORDER", "o1").amount("50");
    let first = one(&client, request.clone(), Some(now)).await;
    client
        .batch_execute("select api.create_rule_version('ORDER', 'fixed', 1, p_starts_at => '2024-06-01')")
        .await
        .unwrap();
    let again = one(&client, request, Some(later)).await;
    assert_eq!((again.replayed, again.points, again.rule_version), (true, Some(50), Some(1)));
    assert_eq!(again.entry, first.entry);
    let new = one(&client, Request::earn("zoe", "ORDER", "o2"), Some(later)).await;
    assert_eq!((new.points, new.rule_version), (Some(1), Some(2)));
}

#[tokio::test]
async fn a_replay_is_answered_after_its_inputs_went_out_of_date() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2024-05-01T12:00:00Z");
    let request = Request::adjust("zoe", 5, "a").expires_at(now + TimeDelta::days(1));
    one(&client, request.clone(), Some(now)).await;
    let again = one(&client, request, Some(now + TimeDelta::days(9))).await;
    assert_eq!((again.refusal, again.replayed, again.points), (None, true, Some(5)));
}

#[tokio::test]
async fn clients_and_members_have_keys_of_their_own() {
    let database = Database::new().await;
    let client = database.client().await;
    let shop = "select api.create_client('shop', sha256('key'), '{earn}', '{TASK}')";
    let shop: i32 = client.query_one(shop, &[]).await.unwrap().get(0);
    for request in [
        Request::earn("zoe", "TASK", "k").points(5),
        Request::earn("yan", "TASK", "k").points(6),
        Request::earn("zoe", "TASK", "k").points(7).client_id(shop),
    ] {
        let outcome = one(&client, request, None).await;
        assert_eq!((outcome.refusal, outcome.replayed), (None, false));
    }
}

#[tokio::test]
async fn a_client_does_what_its_scopes_and_rules_allow_until_it_is_revoked() {
    let database = Database::new().await;
    let client = database.client().await;
    let shop = "select api.create_client('shop', sha256('key'), '{earn}', '{TASK}')";
    let shop: i32 = client.query_one(shop, &[]).await.unwrap().get(0);
    let earn = |key: &str| Request::earn("bob", "TASK", key).points(5).client_id(shop);
    assert_eq!(one(&client, earn("a"), None).await.refusal, None);
    for request in [
        Request::earn("bob", "SIGN_IN", "b").client_id(shop),
        Request::spend("bob", 1, "b").client_id(shop),
        Request::adjust("bob", 1, "b").client_id(shop),
    ] {
        assert_eq!(one(&client, request, None).await.refusal.as_deref(), Some("FORBIDDEN"));
    }
    client.batch_execute("select api.revoke_client('shop')").await.unwrap();
    assert_eq!(one(&client, earn("c"), None).await.refusal.as_deref(), Some("FORBIDDEN"));
}
