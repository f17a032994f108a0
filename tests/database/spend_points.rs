use super::{make_rule, one, sqlstate};
use crate::common::{Database, Request, instant};
use tokio_postgres::Client;

#[tokio::test]
async fn a_spend_takes_available_points() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    let outcome = one(&client, Request::spend("zoe", 30, "s"), None).await;
    assert_eq!((outcome.refusal, outcome.points), (None, Some(30)));
    let entry = outcome.entry.unwrap();
    assert_eq!((entry.seq, entry.available_delta, entry.available_after), (2, -30, 70));
    assert_eq!(outcome.account.unwrap().spent, 30);
}

#[tokio::test]
async fn a_spend_of_everything_leaves_no_lot() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    let outcome = one(&client, Request::spend("zoe", 100, "s"), None).await;
    assert_eq!(outcome.entry.unwrap().available_after, 0);
    assert!(client.query("select from api.lot where user_id = 'zoe'", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_spend_of_one_point_too_many_moves_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    let outcome = one(&client, Request::spend("zoe", 101, "s"), None).await;
    assert_eq!(outcome.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    assert_eq!(outcome.detail, Some(serde_json::json!({ "available": 100, "requested": 101 })));
    assert_eq!((outcome.points, outcome.entry), (Some(0), None));
    assert_eq!(outcome.account.unwrap().available, 100);
}

#[tokio::test]
async fn pending_points_cannot_be_spent() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, fixed_points, rounding, pending_days", "'fixed', 50, 'down', 7").await;
    let now = instant("2024-05-01T12:00:00Z");
    one(&client, Request::earn("zoe", "SLOW", "e"), Some(now)).await;
    let outcome = one(&client, Request::spend("zoe", 1, "s"), Some(now)).await;
    assert_eq!(outcome.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
}

/// Lots that a spend touched: source entry, points.
async fn uses(client: &Client, seq: i64) -> Vec<(i64, i64)> {
    let rows = client
        .query(
            "select u.lot_seq, u.points from points.lot_use u
             join points.account a on a.bucket = u.bucket and a.id = u.account_id
             where a.user_id = 'zoe' and u.seq = $1 order by u.expires_at, u.lot_seq",
            &[&seq],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn the_soonest_expiry_burns_first_never_expiring_last_and_then_the_oldest() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = Some(instant("2024-05-01T12:00:00Z"));
    let (may, june) = (instant("2024-05-31T00:00:00Z"), instant("2024-06-30T00:00:00Z"));
    one(&client, Request::adjust("zoe", 10, "never"), now).await;
    one(&client, Request::adjust("zoe", 10, "june 1").expires_at(june), now).await;
    one(&client, Request::adjust("zoe", 10, "may").expires_at(may), now).await;
    one(&client, Request::adjust("zoe", 10, "june 2").expires_at(june), now).await;
    one(&client, Request::spend("zoe", 25, "s1"), now).await;
    assert_eq!(uses(&client, 5).await, [(3, 10), (2, 10), (4, 5)]);
    one(&client, Request::spend("zoe", 8, "s2"), now).await;
    assert_eq!(uses(&client, 6).await, [(4, 5), (1, 3)]);
    one(&client, Request::adjust("zoe", -7, "a"), now).await;
    assert_eq!(uses(&client, 7).await, [(1, 7)]);
}

#[tokio::test]
async fn a_use_keeps_the_facts_of_its_lot() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2024-05-01T12:00:00Z");
    one(&client, Request::earn("zoe", "TASK", "e").points(40), Some(now)).await;
    one(&client, Request::spend("zoe", 15, "s"), Some(now)).await;
    let row = client
        .query_one(
            "select granted, source, available_at, expires_at from points.lot_use where seq = 2 and points = 15",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), (40i64, "TASK"));
    assert_eq!((row.get(2), row.get(3)), (now, instant("2025-05-01T12:00:00Z")));
}

#[tokio::test]
async fn psql_spends_and_gets_refusals_as_sqlstates() {
    let database = Database::new().await;
    let client = database.client().await;
    let spend =
        "select (operation).reason, (entry).available_delta, replayed from api.spend_points('bob', 6, 's1', 'pen')";
    let row = client.query_one(spend, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), ("pen", -6i64, false));
    for (call, expected) in [
        ("api.spend_points('bob', 0, 's2')", "LP001"),
        ("api.spend_points('bob', -6, 's2')", "LP001"),
        ("api.spend_points('bob', null, 's2')", "LP001"),
        ("api.spend_points('bob', -9223372036854775808, 's2')", "LP001"),
        ("api.spend_points('bob', 6, 's2', p_wallet => 'shells')", "LP001"),
        ("api.spend_points('bob', 6, 's2', p_client => 'jifen')", "LP003"),
        ("api.spend_points('bob', 7, 's1', 'pen')", "LP004"),
        ("api.spend_points('bob', 999999, 's2')", "LP101"),
    ] {
        assert_eq!(sqlstate(client.query(&format!("select * from {call}"), &[]).await), expected, "{call}");
    }
}
