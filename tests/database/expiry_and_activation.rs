use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use super::{laws::assert_laws, make_rule, number, one};
use crate::common::{Account, Database, Request, instant};

async fn account(client: &Client) -> Account {
    // the same views that members' frontends read
    let row = client
        .query_one(
            "select id, pending, available, held, earned, spent, version, level from api.account
             where bucket = api.bucket('zoe') and user_id = 'zoe'",
            &[],
        )
        .await
        .unwrap();
    Account {
        id: row.get(0),
        pending: row.get(1),
        available: row.get(2),
        held: row.get(3),
        earned: row.get(4),
        spent: row.get(5),
        version: row.get(6),
        level: row.get(7),
    }
}

/// Entries after the first few: kind, both deltas, when it happened.
async fn entries(client: &Client, after: i64) -> Vec<(String, i64, i64, DateTime<Utc>)> {
    let rows = client
        .query(
            "select kind::text, pending_delta, available_delta, occurred_at from api.entry
             where user_id = 'zoe' and seq > $1 order by seq",
            &[&after],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

#[tokio::test]
async fn views_are_true_before_anything_is_booked() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, fixed_points, rounding, pending_days", "'fixed', 50, 'down', 7").await;
    // booked a month ago: one lot has expired since, one has become available, one stays, one is pending yet
    let past = Utc::now() - TimeDelta::days(30);
    one(&client, Request::adjust("zoe", 10, "a").expires_at(past + TimeDelta::days(20)), Some(past)).await;
    one(&client, Request::earn("zoe", "SLOW", "b"), Some(past)).await;
    one(&client, Request::adjust("zoe", 4, "c"), Some(past)).await;
    one(&client, Request::earn("zoe", "SLOW", "d").occurred_at(Utc::now()), None).await;
    let booked = number(&client, "select count(*) from api.entry where user_id = 'zoe'").await;
    assert_eq!(booked, 6, "the last earn has booked what was due");

    let other = Request::adjust("yan", 10, "a").expires_at(past + TimeDelta::days(20));
    one(&client, other, Some(past)).await;
    let row = client.query_one("select available, expired, version from api.account where user_id = 'yan'", &[]).await;
    let row = row.unwrap();
    assert_eq!((row.get(0), row.get(1), row.get(2)), (0i64, 10i64, 1i64), "nothing is booked for this one");
    assert!(client.query("select from api.lot where user_id = 'yan'", &[]).await.unwrap().is_empty());

    let zoe = account(&client).await;
    assert_eq!((zoe.pending, zoe.available, zoe.version), (50, 54, 6));
}

#[tokio::test]
async fn a_pending_lot_shows_as_available_before_it_is_booked() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, fixed_points, rounding, pending_days", "'fixed', 50, 'down', 7").await;
    one(&client, Request::earn("zoe", "SLOW", "b"), Some(Utc::now() - TimeDelta::days(6))).await;
    assert_eq!((account(&client).await.pending, account(&client).await.available), (50, 0));
    one(&client, Request::earn("zoe", "SLOW", "c"), Some(Utc::now() - TimeDelta::days(8))).await;
    let zoe = account(&client).await;
    assert_eq!((zoe.pending, zoe.available, zoe.version), (50, 50, 2));
    let row =
        client.query_one("select count(*) from api.lot where user_id = 'zoe' and not pending", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_lot_is_spendable_until_the_instant_it_expires() {
    let database = Database::new().await;
    let client = database.client().await;
    let (now, end) = (instant("2024-05-01T12:00:00Z"), instant("2024-06-01T00:00:00Z"));
    one(&client, Request::adjust("zoe", 10, "a").expires_at(end), Some(now)).await;
    let before = one(&client, Request::spend("zoe", 1, "b"), Some(end - TimeDelta::microseconds(1))).await;
    assert_eq!(before.refusal, None);
    let after = one(&client, Request::spend("zoe", 1, "c"), Some(end)).await;
    assert_eq!(after.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    assert_eq!(after.detail.unwrap()["available"], 0);
    assert_eq!(entries(&client, 2).await, [("expire".to_owned(), 0, -9, end)]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn pending_points_are_spendable_from_the_instant_they_become_available() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, fixed_points, rounding, pending_days", "'fixed', 50, 'down', 7").await;
    let (now, begin) = (instant("2024-05-01T12:00:00Z"), instant("2024-05-08T12:00:00Z"));
    let earned = one(&client, Request::earn("zoe", "SLOW", "a"), Some(now)).await.entry.unwrap();
    assert_eq!((earned.pending_delta, earned.available_delta, earned.pending_after), (50, 0, 50));
    let early = one(&client, Request::spend("zoe", 20, "b"), Some(begin - TimeDelta::microseconds(1))).await;
    assert_eq!(early.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    let spent = one(&client, Request::spend("zoe", 20, "c"), Some(begin)).await.entry.unwrap();
    assert_eq!((spent.seq, spent.pending_after, spent.available_after), (3, 0, 30));
    assert_eq!(entries(&client, 1).await[0], ("activate".to_owned(), -50, 50, begin));
    assert_laws(&client).await;
}

#[tokio::test]
async fn each_instant_gets_one_entry_however_many_lots() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SHORT", "basis, rounding, pending_days, valid_days", "'given', 'down', 1, 2").await;
    let now = instant("2024-05-01T12:00:00Z");
    let (second, third) = (now + TimeDelta::days(1), now + TimeDelta::days(2));
    for (key, points) in [("a", 5), ("b", 6)] {
        one(&client, Request::earn("zoe", "SHORT", key).points(points), Some(now)).await;
        let key = format!("{key} adjust");
        one(&client, Request::adjust("zoe", points, &key).expires_at(third), Some(now)).await;
    }
    let late = one(&client, Request::earn("zoe", "SIGN_IN", "c"), Some(now + TimeDelta::days(9))).await;
    assert_eq!(late.entry.unwrap().available_after, 5);
    assert_eq!(
        entries(&client, 4).await[..2],
        [("activate".to_owned(), -11, 11, second), ("expire".to_owned(), 0, -22, third)]
    );
    let keys =
        "select array_agg(idempotency_key order by seq) from api.operation where user_id = 'zoe' and client_id = 0";
    let keys: Vec<String> = client.query_one(keys, &[]).await.unwrap().get(0);
    assert_eq!(keys, ["activate:5", "expire:6"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn points_of_a_late_report_may_have_expired_already() {
    let database = Database::new().await;
    let client = database.client().await;
    let (happened, now) = (instant("2022-05-01T12:00:00Z"), instant("2024-05-01T12:00:00Z"));
    let requests = [
        Request::earn("zoe", "TASK", "a").points(9).occurred_at(happened),
        Request::spend("zoe", 1, "b"),
        Request::earn("zoe", "TASK", "c").points(3).occurred_at(now),
    ];
    let outcomes = crate::common::execute(&client, &requests, Some(now)).await;
    assert_eq!(outcomes[0].points, Some(9));
    assert_eq!(outcomes[1].refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    assert_eq!(outcomes[2].entry.as_ref().unwrap().available_after, 3);
    assert_laws(&client).await;
}

#[tokio::test]
async fn late_reports_of_one_batch_are_booked_with_their_expiry_one_by_one() {
    let database = Database::new().await;
    let client = database.client().await;
    let (happened, now) = (instant("2022-05-01T12:00:00Z"), instant("2024-05-01T12:00:00Z"));
    let requests = [
        Request::earn("zoe", "TASK", "a").points(9).occurred_at(happened),
        Request::earn("zoe", "TASK", "b").points(3),
        Request::earn("zoe", "TASK", "c").points(4).occurred_at(happened),
    ];
    let outcomes = crate::common::execute(&client, &requests, Some(now)).await;
    let booked = outcomes.iter().map(|outcome| outcome.entry.as_ref().unwrap());
    assert_eq!(booked.map(|entry| (entry.seq, entry.available_after)).collect::<Vec<_>>(), [(1, 9), (3, 3), (4, 7)]);
    let lapsed = instant("2023-05-01T12:00:00Z");
    assert_eq!(
        entries(&client, 0).await,
        [
            ("earn".to_owned(), 0, 9, happened),
            ("expire".to_owned(), 0, -9, lapsed),
            ("earn".to_owned(), 0, 3, now),
            ("earn".to_owned(), 0, 4, happened),
            ("expire".to_owned(), 0, -4, lapsed),
        ]
    );
    // Nothing is left to settle, and no lot.
    let row = client
        .query_one(
            "select b.next_change_at, b.available::bigint, b.expired::bigint, (select count(*) from points.lot l where l.account_id = b.account_id)
             from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id and a.user_id = 'zoe'",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, DateTime<Utc>>(0), row.get(1), row.get(2), row.get(3)),
        (instant("2025-05-01T12:00:00Z"), 3i64, 13i64, 1i64)
    );
    assert_laws(&client).await;
}

/// Worked out by hand: when a day's points in these zones expire, spendable to the last microsecond before.
#[tokio::test]
async fn days_end_by_the_local_clock_in_five_time_zones() {
    let database = Database::new().await;
    let client = database.client().await;
    // pending for 1 day, valid for 2, at the same local time; and valid for 1 month
    make_rule(&client, "DAYS", "basis, fixed_points, rounding, pending_days, valid_days", "'fixed', 10, 'down', 1, 2")
        .await;
    make_rule(
        &client,
        "MONTH",
        "basis, fixed_points, rounding, pending_days, valid_months",
        "'fixed', 10, 'down', 0, 1",
    )
    .await;
    for (zone, rule, happened, begins, expires) in [
        // Clocks go forward in Berlin on March 31st at 2: the day has 23 hours.
        ("Europe/Berlin", "DAYS", "2024-03-29T11:00:00Z", "2024-03-30T11:00:00Z", "2024-03-31T10:00:00Z"),
        // And back in New York on November 3rd at 2: it has 25.
        ("America/New_York", "DAYS", "2024-11-01T16:00:00Z", "2024-11-02T16:00:00Z", "2024-11-03T17:00:00Z"),
        // Half an hour in Lord Howe, on April 7th.
        ("Australia/Lord_Howe", "DAYS", "2024-04-05T12:00:00Z", "2024-04-06T12:00:00Z", "2024-04-07T12:30:00Z"),
        // February 29th, and the last of January to a shorter month.
        ("Asia/Kathmandu", "MONTH", "2024-01-31T06:15:00Z", "2024-01-31T06:15:00Z", "2024-02-29T06:15:00Z"),
        ("Asia/Kathmandu", "MONTH", "2023-01-31T06:15:00Z", "2023-01-31T06:15:00Z", "2023-02-28T06:15:00Z"),
        // Local day and UTC day differ: the 31st in Shanghai is still the 30th in UTC.
        ("Asia/Shanghai", "MONTH", "2024-03-30T16:30:00Z", "2024-03-30T16:30:00Z", "2024-04-29T16:30:00Z"),
        ("Asia/Shanghai", "DAYS", "2024-02-27T16:00:00Z", "2024-02-28T16:00:00Z", "2024-02-29T16:00:00Z"),
    ] {
        client.execute("update points.program set time_zone = $1", &[&zone]).await.unwrap();
        let (happened, begins, expires) = (instant(happened), instant(begins), instant(expires));
        let user = format!("{zone} {rule} {}", happened.format("%F"));
        one(&client, Request::earn(&user, rule, "a"), Some(happened)).await;
        let micro = TimeDelta::microseconds(1);
        let mut cases = vec![(begins, 1, None), (expires - micro, 2, None), (expires, 3, Some("INSUFFICIENT_POINTS"))];
        if begins > happened {
            cases.insert(0, (begins - micro, 0, Some("INSUFFICIENT_POINTS")));
        }
        for (at, key, refusal) in cases {
            let outcome = one(&client, Request::spend(&user, 1, &key.to_string()), Some(at)).await;
            assert_eq!(outcome.refusal.as_deref(), refusal, "{user} at {at}");
        }
    }
    assert_laws(&client).await;
}
