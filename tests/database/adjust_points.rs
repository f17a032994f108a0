use super::{assert_laws, number, one, sqlstate};
use crate::common::{Database, Request};

#[tokio::test]
async fn an_adjustment_goes_either_way_and_is_no_earn() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 5_000, "up"), None).await;
    let outcome = one(&client, Request::adjust("zoe", -1_500, "down"), None).await;
    assert_eq!((outcome.refusal, outcome.points), (None, Some(-1_500)));
    let account = outcome.account.unwrap();
    assert_eq!((account.available, account.earned, account.spent), (3_500, 0, 0));
    assert_eq!(account.level.as_deref(), Some("NORMAL"));
    assert_eq!(number(&client, "select adjusted from api.account where user_id = 'zoe'").await, 3_500);
}

#[tokio::test]
async fn an_adjustment_never_goes_below_zero() {
    let database = Database::new().await;
    let client = database.client().await;
    let outcome = one(&client, Request::adjust("zoe", -1, "down"), None).await;
    assert_eq!(outcome.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
}

#[tokio::test]
async fn an_account_never_holds_more_than_a_safe_integer() {
    let database = Database::new().await;
    let client = database.client().await;
    let most = 9_007_199_254_740_991;
    assert_eq!(one(&client, Request::adjust("zoe", most, "a"), None).await.refusal, None);
    let beyond = one(&client, Request::adjust("zoe", 1, "b"), None).await;
    assert_eq!(beyond.refusal.as_deref(), Some("LIMIT_REACHED"));
    let beyond = one(&client, Request::earn("zoe", "SIGN_IN", "c"), None).await;
    assert_eq!(beyond.refusal.as_deref(), Some("LIMIT_REACHED"));
    // with the points gone the counter of earned points may rise, while that of adjustments is full
    assert_eq!(one(&client, Request::spend("zoe", most, "d"), None).await.refusal, None);
    assert_eq!(one(&client, Request::earn("zoe", "SIGN_IN", "e"), None).await.refusal, None);
    assert_eq!(one(&client, Request::spend("zoe", 1, "f"), None).await.refusal.as_deref(), Some("LIMIT_REACHED"));
    assert_eq!(one(&client, Request::adjust("zoe", 1, "g"), None).await.refusal.as_deref(), Some("LIMIT_REACHED"));
}

#[tokio::test]
async fn points_that_expired_count_towards_the_limit() {
    let database = Database::new().await;
    let client = database.client().await;
    let (now, soon) = (crate::common::instant("2024-05-01T12:00:00Z"), crate::common::instant("2024-05-02T12:00:00Z"));
    let most = 9_007_199_254_740_991;
    one(&client, Request::adjust("zoe", most, "a").expires_at(soon), Some(now)).await;
    let later = one(&client, Request::earn("zoe", "SIGN_IN", "b"), Some(soon)).await;
    assert_eq!(later.refusal.as_deref(), Some("LIMIT_REACHED"));
}

#[tokio::test]
async fn psql_adjusts_and_gets_refusals_as_sqlstates() {
    let database = Database::new().await;
    let client = database.client().await;
    let adjust = "select (operation).actor, (operation).reason, (operation).expires_at is null
         from api.adjust_points('zoe', 10, 'a1', 'sorry')";
    let row = client.query_one(adjust, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), ("jifen", "sorry", true));
    for (call, expected) in [
        ("api.adjust_points('zoe', 0, 'a2', 'sorry')", "LP001"),
        ("api.adjust_points('zoe', 5, 'a2', '')", "LP001"),
        ("api.adjust_points('zoe', 5, 'a2', 'sorry', '')", "LP001"),
        ("api.adjust_points('zoe', 5, 'a2', 'sorry', p_expires_at => now())", "LP001"),
        ("api.adjust_points('zoe', -5, 'a2', 'sorry', p_expires_at => now() + interval '1 day')", "LP001"),
        ("api.adjust_points('zoe', 5, 'a2', 'sorry', p_client => 'jifen')", "LP003"),
        ("api.adjust_points('zoe', 11, 'a1', 'sorry')", "LP004"),
        ("api.adjust_points('zoe', -11, 'a2', 'sorry')", "LP101"),
        ("api.adjust_points('zoe', 9007199254740991, 'a3', 'sorry')", "LP102"),
        ("api.adjust_points('zoe', 9223372036854775807, 'a4', 'sorry')", "LP001"),
    ] {
        assert_eq!(sqlstate(client.query(&format!("select * from {call}"), &[]).await), expected, "{call}");
    }
}

#[tokio::test]
async fn many_are_corrected_for_one_reason() {
    let database = Database::new().await;
    let client = database.client().await;
    let sql = "select no, user_id, refusal, replayed, (operation).points, (operation).actor, (account).available
        from api.adjust_points_batch($1, $2, $3, 'storm', 'clerk 1') order by no";
    let names: Vec<String> = (0..20).map(|number| format!("m{}", number % 10)).collect();
    let points: Vec<i64> = (0..20).map(|number| if number < 10 { 10 } else { 5 - number }).collect();
    let keys: Vec<String> =
        (0..20).map(|number| if number == 19 { "k9".to_owned() } else { format!("k{number}") }).collect();
    for replayed in [false, true] {
        let rows = client.query(sql, &[&names, &points, &keys]).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<_, i32>(0)).collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
        for (place, row) in rows.iter().enumerate() {
            assert_eq!(row.get::<_, &str>(1), names[place]);
            let refusal = match place {
                16..=18 => Some("INSUFFICIENT_POINTS"),
                19 => Some("IDEMPOTENCY_CONFLICT"),
                _ => None,
            };
            assert_eq!(row.get::<_, Option<&str>>(2), refusal, "{place}");
            if refusal.is_none() {
                assert_eq!((row.get::<_, bool>(3), row.get::<_, i64>(4)), (replayed, points[place]));
                assert_eq!(row.get::<_, &str>(5), "clerk 1");
            }
        }
        let left = number(&client, "select sum(available)::bigint from api.account where user_id ~ '^m[0-9]$'").await;
        assert_eq!(left, 100 - (5 + 6 + 7 + 8 + 9 + 10));
    }
    let fits = client.query(sql, &[&names, &points, &keys[..3].to_vec()]).await;
    assert_eq!(sqlstate(fits), "LP001");
    assert_laws(&client).await;
}
