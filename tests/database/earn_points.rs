use super::{one, sqlstate};
use crate::common::{Database, Entry, Request, instant};

#[tokio::test]
async fn an_earn_grants_the_points_of_its_rule() {
    let database = Database::new().await;
    let client = database.client().await;
    let outcome = one(&client, Request::earn("zoe", "ORDER", "o1").amount("129.99"), None).await;
    assert_eq!((outcome.refusal.as_deref(), outcome.replayed, outcome.points), (None, false, Some(129)));
    assert_eq!(
        outcome.entry,
        Some(Entry {
            seq: 1,
            pending_delta: 0,
            available_delta: 129,
            pending_after: 0,
            available_after: 129,
            held_delta: 0,
            debt_delta: 0,
            held_after: 0,
            debt_after: 0
        })
    );
    let account = outcome.account.unwrap();
    assert_eq!((account.available, account.earned, account.version), (129, 129, 1));
    assert_eq!(account.level.as_deref(), Some("NORMAL"));
}

#[tokio::test]
async fn an_earn_of_nothing_is_stored_without_an_entry() {
    let database = Database::new().await;
    let client = database.client().await;
    let outcome = one(&client, Request::earn("zoe", "ORDER", "o1").amount("0.99"), None).await;
    assert_eq!((outcome.refusal, outcome.points, outcome.entry), (None, Some(0), None));
    assert_eq!(outcome.account.unwrap().version, 0);
    let again = one(&client, Request::earn("zoe", "ORDER", "o1").amount("0.99"), None).await;
    assert!(again.replayed);
}

#[tokio::test]
async fn an_earn_keeps_when_it_happened_and_when_it_was_booked() {
    let database = Database::new().await;
    let client = database.client().await;
    let (happened, booked) = (instant("2024-05-01T08:00:00Z"), instant("2024-05-03T09:00:00Z"));
    one(&client, Request::earn("zoe", "SIGN_IN", "s1").occurred_at(happened), Some(booked)).await;
    let row = client
        .query_one(
            "select o.occurred_at, o.recorded_at, e.occurred_at, e.recorded_at, o.available_at, o.expires_at
             from api.operation o join api.entry e on e.operation_id = o.id where o.user_id = 'zoe'",
            &[],
        )
        .await
        .unwrap();
    let expected = [happened, booked, happened, booked, happened, instant("2025-05-01T08:00:00Z")];
    for (column, expected) in expected.into_iter().enumerate() {
        assert_eq!(row.get::<_, chrono::DateTime<chrono::Utc>>(column), expected, "column {column}");
    }
}

#[tokio::test]
async fn wallets_of_a_member_are_apart() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    one(&client, Request::earn("zoe", "TASK", "t").points(5), None).await;
    let coins = Request { wallet: Some("coins".to_owned()), ..Request::earn("zoe", "TASK", "t").points(7) };
    let outcome = one(&client, coins, None).await;
    assert_eq!((outcome.replayed, outcome.account.unwrap().available), (false, 7));
}

#[tokio::test]
async fn psql_earns_and_gets_refusals_as_sqlstates() {
    let database = Database::new().await;
    let client = database.client().await;
    let earn = "select replayed, (entry).available_after, (account).available, (operation).client
         from api.earn_points('zoe', 'ORDER', 'o1', p_amount => 12.5)";
    let row = client.query_one(earn, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2), row.get(3)), (false, 12i64, 12i64, "psql"));
    assert!(client.query_one(earn, &[]).await.unwrap().get::<_, bool>(0));
    for (call, expected) in [
        ("api.earn_points('zoe', 'ORDER', 'o2')", "LP001"),
        ("api.earn_points('', 'ORDER', 'o2', 5)", "LP001"),
        ("api.earn_points(null, 'ORDER', 'o2', 5)", "LP001"),
        ("api.earn_points('zoe', 'ORDER', 'o2', 'NaN')", "LP001"),
        ("api.earn_points('zoe', 'ORDER', 'o2', '-Infinity')", "LP001"),
        ("api.earn_points('zoe', 'ORDER', 'o2', -1e100)", "LP001"),
        ("api.earn_points('zoe', 'ORDER', 'o2', 5, p_occurred_at => '294276-12-31')", "LP001"),
        ("api.earn_points('zoe', 'ORDER', 'o2', 5, p_occurred_at => '-infinity')", "LP001"),
        ("api.earn_points('zoe', 'TASK', 'o2', p_points => -9223372036854775808)", "LP001"),
        ("api.earn_points('zoe', 'NO_RULE', 'o2')", "LP002"),
        ("api.earn_points('zoe', 'ORDER', 'o2', 5, p_client => 'nobody')", "LP003"),
        ("api.earn_points('zoe', 'ORDER', 'o1', 5)", "LP004"),
    ] {
        assert_eq!(sqlstate(client.query(&format!("select * from {call}"), &[]).await), expected, "{call}");
    }
    let fill = "select api.adjust_points('zoe', 9007199254740000, 'fill', 'test')";
    client.query(fill, &[]).await.unwrap();
    let beyond = "select api.earn_points('zoe', 'ORDER', 'o3', 2000)";
    assert_eq!(sqlstate(client.query(beyond, &[]).await), "LP102");
}

#[tokio::test]
async fn a_refusal_says_what_was_wrong() {
    let database = Database::new().await;
    let client = database.client().await;
    let error = client.query("select api.earn_points('zoe', 'ORDER', 'o1')", &[]).await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.message(), "INVALID_INPUT");
    assert_eq!(error.detail(), Some(r#"{"path": "amount", "message": "this rule needs an amount"}"#));
    let request = Request::earn("zoe", "SIGN_IN", "s1").points(3);
    let detail = one(&client, request, None).await.detail.unwrap();
    assert_eq!(detail["path"], "points");
}
