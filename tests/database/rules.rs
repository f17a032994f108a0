use chrono::{DateTime, Utc};

use super::{make_rule, one, sqlstate};
use crate::common::{Database, Request, instant};

#[tokio::test]
async fn a_fraction_of_a_point_is_rounded_as_the_rule_says() {
    let database = Database::new().await;
    let client = database.client().await;
    for rounding in ["down", "half_up", "up"] {
        let values = format!("'amount', 0.5, '{rounding}', 0");
        make_rule(&client, &rounding.to_uppercase(), "basis, points_per_unit, rounding, pending_days", &values).await;
    }
    for (amount, down, half_up, up) in [
        ("0", 0, 0, 0),
        ("0.00000001", 0, 0, 1),
        ("0.99", 0, 0, 1),
        ("0.99999998", 0, 0, 1),
        ("1", 0, 1, 1),
        ("3", 1, 2, 2),
        ("4", 2, 2, 2),
        ("4.00000001", 2, 2, 3),
        ("999999999999.99999999", 499_999_999_999, 500_000_000_000, 500_000_000_000),
    ] {
        for (rule, points) in [("DOWN", down), ("HALF_UP", half_up), ("UP", up)] {
            let request = Request::earn("zoe", rule, &format!("{rule} {amount}")).amount(amount);
            assert_eq!(one(&client, request, None).await.points, Some(points), "{amount} {rule}");
        }
    }
}

#[tokio::test]
async fn rounding_comes_once_after_multiplying_and_before_the_cap() {
    let database = Database::new().await;
    let client = database.client().await;
    let columns = "basis, points_per_unit, rounding, cap_points, pending_days";
    make_rule(&client, "CAPPED", columns, "'amount', 1.1, 'up', 100, 0").await;
    for (amount, points) in [("90.01", 100), ("90", 99), ("90.9", 100), ("91", 100), ("999999999", 100)] {
        let request = Request::earn("zoe", "CAPPED", amount).amount(amount);
        assert_eq!(one(&client, request, None).await.points, Some(points), "{amount}");
    }
}

#[tokio::test]
async fn an_award_beyond_a_safe_integer_is_refused_and_not_cut() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "LAVISH", "basis, points_per_unit, rounding, pending_days", "'amount', 100000, 'down', 0").await;
    let outcome = one(&client, Request::earn("zoe", "LAVISH", "a").amount("999999999999"), None).await;
    assert_eq!((outcome.refusal.as_deref(), outcome.points), (Some("LIMIT_REACHED"), Some(0)));
    let outcome = one(&client, Request::earn("zoe", "LAVISH", "b").amount("90071992547.40991"), None).await;
    assert_eq!(outcome.points, Some(9_007_199_254_740_991));
}

#[tokio::test]
async fn given_points_are_capped_and_have_a_default() {
    let database = Database::new().await;
    let client = database.client().await;
    let given = |key: &str, points: i64| Request::earn("zoe", "TASK", key).points(points);
    assert_eq!(one(&client, given("a", 7), None).await.points, Some(7));
    assert_eq!(one(&client, given("b", 5_000), None).await.points, Some(1_000));
    assert_eq!(one(&client, Request::earn("zoe", "TASK", "c"), None).await.points, Some(10));
    make_rule(&client, "BARE", "basis, rounding, pending_days", "'given', 'down', 0").await;
    let bare = one(&client, Request::earn("zoe", "BARE", "d"), None).await;
    assert_eq!(bare.refusal.as_deref(), Some("INVALID_INPUT"));
}

#[tokio::test]
async fn each_basis_refuses_the_inputs_of_another() {
    let database = Database::new().await;
    let client = database.client().await;
    for (request, path) in [
        (Request::earn("zoe", "SIGN_IN", "a").amount("1"), "amount"),
        (Request::earn("zoe", "SIGN_IN", "a").points(1), "points"),
        (Request::earn("zoe", "ORDER", "a"), "amount"),
        (Request::earn("zoe", "ORDER", "a").amount("1").points(1), "points"),
        (Request::earn("zoe", "TASK", "a").amount("1"), "amount"),
    ] {
        let outcome = one(&client, request, None).await;
        assert_eq!(outcome.refusal.as_deref(), Some("INVALID_INPUT"));
        assert_eq!(outcome.detail.unwrap()["path"], path);
    }
}

async fn times(client: &tokio_postgres::Client, key: &str) -> (DateTime<Utc>, DateTime<Utc>) {
    let row = client
        .query_one("select available_at, expires_at from api.operation where idempotency_key = $1", &[&key])
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn days_are_counted_in_the_time_zone_of_the_program() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.program set time_zone = 'America/New_York'").await.unwrap();
    let columns = "basis, fixed_points, rounding, pending_days, valid_days";
    make_rule(&client, "DAYS", columns, "'fixed', 5, 'down', 1, 240").await;
    // a day before summer time begins: the next day has 23 hours, and 240 days later it has ended
    let now = instant("2024-03-09T17:00:00Z");
    one(&client, Request::earn("zoe", "DAYS", "spring"), Some(now)).await;
    let expected = (instant("2024-03-10T16:00:00Z"), instant("2024-11-04T17:00:00Z"));
    assert_eq!(times(&client, "spring").await, expected);
    // 02:30 on that day is skipped, 01:30 on 3 November comes twice
    one(&client, Request::earn("zoe", "DAYS", "gap"), Some(instant("2024-03-09T07:30:00Z"))).await;
    assert_eq!(times(&client, "gap").await.0, instant("2024-03-10T07:30:00Z"));
    one(&client, Request::earn("zoe", "DAYS", "twice"), Some(instant("2024-11-02T05:30:00Z"))).await;
    assert_eq!(times(&client, "twice").await.0, instant("2024-11-03T06:30:00Z"));
}

#[tokio::test]
async fn expiry_is_frozen_at_the_grant() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2024-05-01T12:00:00Z");
    one(&client, Request::earn("zoe", "SIGN_IN", "before"), Some(now)).await;
    client
        .batch_execute(
            "select api.create_rule_version('SIGN_IN', 'fixed', 5, p_valid_days => 10, p_starts_at => '2024-05-02')",
        )
        .await
        .unwrap();
    one(&client, Request::earn("zoe", "SIGN_IN", "after"), Some(instant("2024-05-03T12:00:00Z"))).await;
    assert_eq!(times(&client, "before").await.1, instant("2025-05-01T12:00:00Z"));
    assert_eq!(times(&client, "after").await.1, instant("2024-05-13T12:00:00Z"));
    let row = client.query_one("select count(*) from api.lot where user_id = 'zoe'", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0, "both are past by now");
}

#[tokio::test]
async fn the_version_in_force_decides() {
    let database = Database::new().await;
    let client = database.client().await;
    let start = instant("2024-05-02T00:00:00Z");
    client
        .batch_execute(
            "select api.create_rule('NEW', 'New');
             select api.create_rule_version('NEW', 'fixed', 1, p_starts_at => '2024-05-02 00:00Z');
             select api.create_rule_version('NEW', 'fixed', 3, p_starts_at => '2024-05-04 00:00Z');
             select api.create_rule_version('NEW', 'fixed', 2, p_starts_at => '2024-05-03 00:00Z')",
        )
        .await
        .unwrap();
    let micro = chrono::TimeDelta::microseconds(1);
    let day = chrono::TimeDelta::days(1);
    for (now, expected) in [
        (start, (Some(1), Some(1))),
        (start + day - micro, (Some(1), Some(1))),
        (start + day, (Some(2), Some(3))),
        (start + day + day, (Some(3), Some(2))),
    ] {
        let outcome = one(&client, Request::earn("zoe", "NEW", &now.to_string()), Some(now)).await;
        assert_eq!((outcome.points, outcome.rule_version), expected, "{now}");
    }
    let early = one(&client, Request::earn("zoe", "NEW", "early"), Some(start - micro)).await;
    assert_eq!(early.refusal.as_deref(), Some("UNKNOWN_RULE"));
}

#[tokio::test]
async fn a_version_of_no_rule_is_refused() {
    let database = Database::new().await;
    let client = database.client().await;
    let call = "select api.create_rule_version('NONE', 'fixed', 5)";
    assert_eq!(sqlstate(client.batch_execute(call).await), "LP002");
}
