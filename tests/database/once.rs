//! Rules that award once for ever, as registration does.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::{assert_laws, number, one};
use crate::common::{Database, Kind, Request, execute, instant, operation_id};

#[tokio::test]
async fn registration_is_paid_once_whatever_the_key() {
    let database = Database::new().await;
    let client = database.client().await;
    let first = one(&client, Request::earn("zoe", "REGISTER", "1"), None).await;
    assert_eq!((first.refusal, first.points), (None, Some(100)));
    let second = one(&client, Request::earn("zoe", "REGISTER", "2"), None).await;
    assert_eq!(second.refusal.as_deref(), Some("ALREADY_EARNED"));
    assert_eq!(
        second.detail,
        Some(serde_json::json!({ "rule": "REGISTER", "operation_id": operation_id(1, "1").to_string() }))
    );
    assert!(one(&client, Request::earn("zoe", "REGISTER", "1"), None).await.replayed);
    let again = one(&client, Request::earn("zoe", "REGISTER", "2"), None).await;
    assert_eq!(again.refusal.as_deref(), Some("ALREADY_EARNED"), "final");
    // by another client, in one batch, in another year
    client.batch_execute("select api.create_client('other', null, '{earn}')").await.unwrap();
    let other: i32 = client.query_one("select id from points.client where name = 'other'", &[]).await.unwrap().get(0);
    let later = Some(instant("2090-01-01T00:00:00Z"));
    let refused = one(&client, Request::earn("zoe", "REGISTER", "1").client_id(other), later).await;
    assert_eq!(refused.refusal.as_deref(), Some("ALREADY_EARNED"));
    let batch: Vec<_> = ["a", "b", "a"].map(|key| Request::earn("rosa", "REGISTER", key)).into();
    let outcomes = execute(&client, &batch, None).await;
    assert_eq!(outcomes.iter().map(|outcome| outcome.points).collect::<Vec<_>>(), [Some(100), Some(0), Some(100)]);
    assert!(outcomes[2].replayed);
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_award_that_was_reversed_stays_the_one_there_was() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::earn("zoe", "REGISTER", "1"), None).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "1", "undo"), None).await;
    assert_eq!(number(&client, "select available from api.account where user_id = 'zoe'").await, 0);
    let again = one(&client, Request::earn("zoe", "REGISTER", "2"), None).await;
    assert_eq!(again.refusal.as_deref(), Some("ALREADY_EARNED"));
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_was_refused_or_moved_nothing_leaves_the_award_open() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "update points.program set frozen_earns = false;
             select api.create_rule('FIRST', 'First purchase', p_once => true);
             select api.create_rule_version('FIRST', 'amount', p_points_per_unit => 2)",
        )
        .await
        .unwrap();
    one(&client, Request::freeze(Kind::Freeze, "zoe", "freeze"), None).await;
    let frozen = one(&client, Request::earn("zoe", "FIRST", "1").amount("10"), None).await;
    assert_eq!(frozen.refusal.as_deref(), Some("ACCOUNT_FROZEN"));
    one(&client, Request::freeze(Kind::Unfreeze, "zoe", "unfreeze"), None).await;
    assert_eq!(one(&client, Request::earn("zoe", "FIRST", "2").amount("0.1"), None).await.points, Some(0));
    assert_eq!(one(&client, Request::earn("zoe", "FIRST", "3").amount("10"), None).await.points, Some(20));
    let again = one(&client, Request::earn("zoe", "FIRST", "4").amount("10"), None).await;
    assert_eq!(again.refusal.as_deref(), Some("ALREADY_EARNED"));
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_a_merged_account_has_earned_is_not_earned_again() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::earn("old", "REGISTER", "1"), None).await;
    one(&client, Request::adjust("new", 1, "open"), None).await;
    client.batch_execute("select api.merge_accounts('old', 'new', 'merge', 'one person', 'tester')").await.unwrap();
    let again = one(&client, Request::earn("new", "REGISTER", "2"), None).await;
    assert_eq!(again.refusal.as_deref(), Some("ALREADY_EARNED"));
    for request in [Request::sign_in("old", "3"), Request::set_time_zone("old", "UTC", "4")] {
        assert_eq!(one(&client, request, None).await.refusal.as_deref(), Some("ACCOUNT_MERGED"));
    }
    assert_eq!(one(&client, Request::sign_in("new", "5"), None).await.points, Some(5));
    assert_laws(&client).await;
}

#[tokio::test]
async fn of_many_at_once_one_is_paid() {
    let database = Database::new().await;
    let client = database.client().await;
    for round in 0..10 {
        let user = format!("member-{round}");
        let barrier = Arc::new(Barrier::new(6));
        let tasks: Vec<_> = (0..6)
            .map(|number| {
                let (url, barrier, user) = (database.url(), barrier.clone(), user.clone());
                tokio::spawn(async move {
                    let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                    barrier.wait().await;
                    one(&client, Request::earn(&user, "REGISTER", &number.to_string()), None).await.points
                })
            })
            .collect();
        let mut points = 0;
        for task in tasks {
            points += task.await.unwrap().unwrap();
        }
        assert_eq!(points, 100);
    }
    assert_laws(&client).await;
}
