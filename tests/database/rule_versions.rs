//! Versions of rules: drafting, publishing, retiring, and what they say of themselves.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use proptest::{collection::vec, option, prelude::*, strategy::ValueTree};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{number, one, sqlstate};
use crate::common::{Database, Request, instant, new_seeds, runner};

const NEW: &str = "select api.create_rule('NEW', 'New')";

/// Versions with their states, and until when the ended ones were in force, by number.
async fn states(client: &Client, rule: &str) -> Vec<String> {
    let rows = client
        .query("select version || ' ' || state from api.rule_version where rule = $1 order by version", &[&rule])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The path of an INVALID_INPUT.
async fn path(client: &Client, statement: &str) -> String {
    let error = client.batch_execute(statement).await.expect_err(statement);
    let error = error.as_db_error().unwrap();
    assert_eq!(error.code().code(), "LP001", "{statement}: {error}");
    serde_json::from_str::<Value>(error.detail().unwrap()).unwrap()["path"].as_str().unwrap().to_owned()
}

async fn earn(client: &Client, key: &str) -> (Option<String>, Option<i64>) {
    let outcome = one(client, Request::earn("zoe", "NEW", key), None).await;
    (outcome.refusal, outcome.points)
}

#[tokio::test]
async fn a_draft_awards_nothing_until_it_is_published() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    let admin = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd', 5)").await.unwrap();
    assert_eq!(earn(&admin, "a").await, (Some("UNKNOWN_RULE".to_owned()), None));
    assert_eq!(states(&client, "NEW").await, ["1 draft"]);
    client.batch_execute("select api.publish_rule_version('NEW', 1, 'p')").await.unwrap();
    assert_eq!(earn(&admin, "a").await, (None, Some(5)));
    assert_eq!(states(&client, "NEW").await, ["1 in_force"]);

    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd2', 6)").await.unwrap();
    client.batch_execute("select api.publish_rule_version('NEW', 2, 'p2', now() + interval '1 day')").await.unwrap();
    assert_eq!(states(&client, "NEW").await, ["1 in_force", "2 scheduled"]);
    assert_eq!(earn(&admin, "b").await, (None, Some(5)));
    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd3', 7)").await.unwrap();
    client.batch_execute("select api.publish_rule_version('NEW', 3, 'p3')").await.unwrap();
    assert_eq!(states(&client, "NEW").await, ["1 superseded", "2 scheduled", "3 in_force"]);
    assert_eq!(earn(&admin, "c").await, (None, Some(7)));
    let tomorrow = Utc::now() + TimeDelta::days(2);
    assert_eq!(one(&admin, Request::earn("zoe", "NEW", "d"), Some(tomorrow)).await.points, Some(6));
}

#[tokio::test]
async fn a_draft_can_be_changed_and_discarded_and_what_is_published_cannot() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd', 5, p_valid_days => 9)").await.unwrap();
    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd2', 6, p_version => 1)").await.unwrap();
    let row = client
        .query_one("select fixed_points, valid_days, draft_revision from api.rule_version where rule = 'NEW'", &[])
        .await
        .unwrap();
    // all the terms are replaced
    assert_eq!((row.get(0), row.get(1), row.get(2)), (6i64, None::<i32>, 2));
    assert_eq!(
        path(&client, "select api.publish_rule_version('NEW', 1, 'p', p_draft_revision => 1)").await,
        "draft_revision"
    );
    client.batch_execute("select api.discard_rule_draft('NEW', 1, 'x')").await.unwrap();
    assert_eq!(states(&client, "NEW").await, [""; 0]);
    for statement in [
        "select api.publish_rule_version('NEW', 1, 'p')",
        "select api.discard_rule_draft('NEW', 1, 'y')",
        "select api.draft_rule_version('NEW', 'fixed', 'd3', 7, p_version => 1)",
        "select api.draft_rule_version('NEW', 'fixed', 'd3', 7, p_version => 7)",
    ] {
        assert_eq!(path(&client, statement).await, "version", "{statement}");
    }
    // a number is never given again
    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd4', 7)").await.unwrap();
    client.batch_execute("select api.publish_rule_version('NEW', 2, 'p', p_draft_revision => 1)").await.unwrap();
    assert_eq!(states(&client, "NEW").await, ["2 in_force"]);
    for statement in [
        "select api.draft_rule_version('NEW', 'fixed', 'd5', 7, p_version => 2)",
        "select api.discard_rule_draft('NEW', 2, 'z')",
        "select api.publish_rule_version('NEW', 2, 'p2')",
    ] {
        assert_eq!(path(&client, statement).await, "version", "{statement}");
    }
    assert_eq!(sqlstate(client.batch_execute("update points.rule_version set cap_points = 1").await), "LP900");
}

#[tokio::test]
async fn a_retired_rule_awards_nothing_from_then_on_until_it_is_published_again() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    client
        .batch_execute(
            "select api.create_rule_version('NEW', 'fixed', 5, p_starts_at => '-infinity');
             select api.draft_rule_version('NEW', 'fixed', 'd', 6);
             select api.publish_rule_version('NEW', 2, 'p', now() + interval '2 days');
             select api.retire_rule('NEW', 'r', now() + interval '1 day')",
        )
        .await
        .unwrap();
    assert_eq!(states(&client, "NEW").await, ["1 in_force", "2 retired", "3 scheduled", "4 scheduled"]);
    assert_eq!(earn(&client, "a").await, (None, Some(5)));
    for days in [1, 2, 9] {
        let later = Utc::now() + TimeDelta::days(days) + TimeDelta::minutes(1);
        let outcome = one(&client, Request::earn("zoe", "NEW", "b"), Some(later)).await;
        assert_eq!(outcome.refusal.as_deref(), Some("RULE_RETIRED"));
        let detail = outcome.detail.unwrap();
        assert!(detail["rule"] == "NEW" && detail["retired_at"].is_string(), "{detail}");
    }
    client.batch_execute("select api.retire_rule('NEW', 'r2')").await.unwrap();
    let row = client.query_one("select retired, version from api.rule where code = 'NEW'", &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(earn(&client, "b").await, (Some("RULE_RETIRED".to_owned()), None));
    assert_eq!(states(&client, "NEW").await[0], "1 retired");
    // what was awarded stays, and its key answers
    assert_eq!(earn(&client, "a").await, (None, Some(5)));
    assert_eq!(number(&client, "select available from api.account where user_id = 'zoe'").await, 5);

    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd2', 8)").await.unwrap();
    let draft =
        number(&client, "select version::bigint from api.rule_version where rule = 'NEW' and state = 'draft'").await;
    client.batch_execute(&format!("select api.publish_rule_version('NEW', {draft}, 'p2')")).await.unwrap();
    assert_eq!(earn(&client, "c").await, (None, Some(8)));
}

#[tokio::test]
async fn a_version_that_starts_with_a_scheduled_one_replaces_it() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    let start = Utc::now() + TimeDelta::days(1);
    for (version, points) in [(1, 5i64), (2, 6)] {
        let key = version.to_string();
        client.execute("select api.draft_rule_version('NEW', 'fixed', 'd' || $1, $2)", &[&key, &points]).await.unwrap();
        client
            .execute("select api.publish_rule_version('NEW', $1, 'p' || $2, $3)", &[&version, &key, &start])
            .await
            .unwrap();
    }
    assert_eq!(states(&client, "NEW").await, ["1 superseded", "2 scheduled"]);
    let later = Some(start + TimeDelta::seconds(1));
    assert_eq!(one(&client, Request::earn("zoe", "NEW", "a"), later).await.rule_version, Some(2));
}

#[tokio::test]
async fn a_change_sent_twice_is_done_once() {
    let database = Database::new().await;
    let client = database.client().await;
    for (statement, other) in [
        ("api.create_rule('NEW', 'New', 'c')", "api.create_rule('NEW', 'Other', 'c')"),
        ("api.draft_rule_version('NEW', 'fixed', 'd', 5)", "api.draft_rule_version('NEW', 'fixed', 'd', 6)"),
        (
            "api.draft_rule_version('NEW', 'fixed', 'e', 5)",
            "api.draft_rule_version('NEW', 'fixed', 'e', 5, p_version => 2)",
        ),
        ("api.publish_rule_version('NEW', 1, 'p')", "api.publish_rule_version('NEW', 1, 'p', p_draft_revision => 1)"),
        ("api.discard_rule_draft('NEW', 2, 'x')", "api.retire_rule('NEW', 'x')"),
        ("api.retire_rule('NEW', 'r')", "api.retire_rule('NEW', 'r', now() + interval '1 day')"),
    ] {
        for replayed in [false, true] {
            let row = client.query_one(&format!("select (x).replayed from {statement} x"), &[]).await.unwrap();
            assert_eq!(row.get::<_, bool>(0), replayed, "{statement}");
        }
        assert_eq!(sqlstate(client.batch_execute(&format!("select {other}")).await), "LP004", "{other}");
    }
    for other in ["api.publish_rule_version('NEW', 2, 'p')", "api.discard_rule_draft('NEW', 1, 'x')"] {
        assert_eq!(sqlstate(client.batch_execute(&format!("select {other}")).await), "LP004", "{other}");
    }
    // what a draft's key answers, once it is discarded
    let gone = "select (x).version is null from api.draft_rule_version('NEW', 'fixed', 'e', 5) x";
    assert!(client.query_one(gone, &[]).await.unwrap().get::<_, bool>(0));
    assert_eq!(states(&client, "NEW").await, ["1 retired", "3 retired"]);
    assert_eq!(number(&client, "select count(*) from points.catalogue_change where code = 'NEW'").await, 6);
}

#[tokio::test]
async fn what_cannot_be_is_an_input_at_fault_and_changes_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    client.batch_execute("select api.draft_rule_version('NEW', 'fixed', 'd', 5)").await.unwrap();
    for (expected, arguments) in [
        ("basis", "null"),
        ("basis", "'none'"),
        ("rounding", "'fixed', p_fixed_points => 5, p_rounding => null"),
        ("fixed_points", "'fixed'"),
        ("fixed_points", "'fixed', p_fixed_points => 0"),
        ("fixed_points", "'amount', p_fixed_points => 1, p_points_per_unit => 1"),
        ("points_per_unit", "'amount'"),
        ("points_per_unit", "'fixed', p_fixed_points => 5, p_points_per_unit => 1"),
        ("points_per_unit", "'amount', p_points_per_unit => 0"),
        ("points_per_unit", "'amount', p_points_per_unit => 100001"),
        ("points_per_unit", "'amount', p_points_per_unit => 'NaN'"),
        ("points_per_unit", "'amount', p_points_per_unit => 0.0000001"),
        ("tiers", "'tiers'"),
        ("tiers", "'fixed', p_fixed_points => 5, p_tier_starts => '{0}', p_tier_rates => '{1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0}'"),
        ("tiers", "'tiers', p_tier_starts => '{}', p_tier_rates => '{}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,1}', p_tier_rates => '{1}'"),
        ("tiers", "'tiers', p_tier_starts => '{{0}}', p_tier_rates => '{{1}}'"),
        ("tiers", "'tiers', p_tier_starts => '[0:0]={0}', p_tier_rates => '[0:0]={1}'"),
        ("tiers", "'tiers', p_tier_starts => '{1}', p_tier_rates => '{1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,2,1}', p_tier_rates => '{1,1,1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,null}', p_tier_rates => '{1,1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,NaN}', p_tier_rates => '{1,1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,1e12}', p_tier_rates => '{1,1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,0.000000001}', p_tier_rates => '{1,1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,1}', p_tier_rates => '{1,null}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,1}', p_tier_rates => '{1,-1}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,1}', p_tier_rates => '{1,NaN}'"),
        ("tiers", "'tiers', p_tier_starts => '{0,1}', p_tier_rates => '{0,0}'"),
        ("tiers", "'tiers', p_tier_starts => '{0}', p_tier_rates => '{0.0000001}'"),
        ("cap_points", "'fixed', p_fixed_points => 5, p_cap_points => 0"),
        ("pending_days", "'fixed', p_fixed_points => 5, p_pending_days => -1"),
        ("pending_days", "'fixed', p_fixed_points => 5, p_pending_days => null"),
        ("valid_days", "'fixed', p_fixed_points => 5, p_valid_days => 0"),
        ("valid_months", "'fixed', p_fixed_points => 5, p_valid_months => 1201"),
        ("valid_until", "'fixed', p_fixed_points => 5, p_valid_until => '1969-12-31'"),
        ("valid_until", "'fixed', p_fixed_points => 5, p_valid_until => 'infinity'"),
        ("valid_until", "'fixed', p_fixed_points => 5, p_valid_until => '2030-12-31', p_valid_days => 1"),
        ("pending_days", "'fixed', p_fixed_points => 5, p_valid_days => 7, p_pending_days => 7"),
        ("pending_days", "'fixed', p_fixed_points => 5, p_valid_months => 1, p_pending_days => 28"),
        ("pending_days", "'fixed', p_fixed_points => 5, p_valid_end => 'year', p_pending_days => 1"),
        ("wallet", "'fixed', p_fixed_points => 5, p_wallet => 'nowhere'"),
        ("idempotency_key", "'fixed', p_fixed_points => 5"),
    ] {
        let key = if expected == "idempotency_key" { "" } else { "k" };
        let statement =
            format!("select api.draft_rule_version('NEW', p_idempotency_key => '{key}', p_basis => {arguments})");
        assert_eq!(path(&client, &statement).await, expected, "{statement}");
        if expected != "idempotency_key" {
            let statement = format!("select api.create_rule_version('NEW', {arguments})");
            assert_eq!(path(&client, &statement).await, expected, "{statement}");
        }
    }
    for (expected, statement) in [
        ("code", "api.create_rule('new', 'New')"),
        ("code", "api.create_rule('NEW', 'New', 'again')"),
        ("name", "api.create_rule('OTHER', '')"),
        ("starts_at", "api.publish_rule_version('NEW', 1, 'p', now() - interval '1 second')"),
        ("starts_at", "api.publish_rule_version('NEW', 1, 'p', 'infinity')"),
        ("at", "api.retire_rule('NEW', 'r', now() - interval '1 second')"),
        ("at", "api.retire_rule('NEW', 'r', 'infinity')"),
    ] {
        assert_eq!(path(&client, &format!("select {statement}")).await, expected, "{statement}");
    }
    for statement in [
        "api.draft_rule_version('NONE', 'fixed', 'd', 5)",
        "api.publish_rule_version('NONE', 1, 'd')",
        "api.discard_rule_draft('NONE', 1, 'd')",
        "api.retire_rule('NONE', 'd')",
    ] {
        assert_eq!(sqlstate(client.batch_execute(&format!("select {statement}")).await), "LP002", "{statement}");
    }
    client.batch_execute("select api.create_client('shop', sha256('x'), '{earn}')").await.unwrap();
    let forbidden = "select api.create_rule('OTHER', 'Other', 'k', 'shop')";
    assert_eq!(sqlstate(client.batch_execute(forbidden).await), "LP003");
    assert_eq!(states(&client, "NEW").await, ["1 draft"]);
    assert_eq!(number(&client, "select count(*) from points.catalogue_change where code = 'NEW'").await, 2);
}

#[tokio::test]
async fn a_version_for_one_wallet_awards_in_no_other() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    client
        .batch_execute(
            "insert into points.wallet values ('coins', 'Coins');
             select api.create_rule_version('NEW', 'fixed', 5, p_wallet => 'coins')",
        )
        .await
        .unwrap();
    let outcome = one(&client, Request::earn("zoe", "NEW", "a"), None).await;
    assert_eq!(outcome.refusal.as_deref(), Some("INVALID_INPUT"));
    assert_eq!(outcome.detail.unwrap()["path"], "wallet");
    let coins = Request { wallet: Some("coins".to_owned()), ..Request::earn("zoe", "NEW", "a") };
    assert_eq!(one(&client, coins, None).await.points, Some(5));
}

#[tokio::test]
async fn two_operators_at_once_make_two_versions() {
    let database = Database::new().await;
    database.client().await.batch_execute(NEW).await.unwrap();
    let drafts = (0..8).map(|number| {
        let database = &database;
        async move {
            let client = database.client().await;
            let draft =
                format!("select (x.version).version from api.draft_rule_version('NEW', 'fixed', 'd{number}', 5) x");
            let version: i32 = client.query_one(&draft, &[]).await.unwrap().get(0);
            client
                .batch_execute(&format!("select api.publish_rule_version('NEW', {version}, 'p{number}')"))
                .await
                .unwrap();
            version
        }
    });
    let mut versions = futures_util::future::join_all(drafts).await;
    versions.sort_unstable();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
    let states = states(&database.client().await, "NEW").await;
    assert_eq!(states.iter().filter(|state| state.ends_with("superseded")).count(), 7, "{states:?}");
}

#[tokio::test]
async fn each_version_says_what_it_does() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.program set currency = 'EUR'").await.unwrap();
    for (arguments, expected) in [
        ("'fixed', 1", "Awards 1 point. The points are available at once and never expire."),
        (
            "'given', p_valid_days => 1",
            "Awards the points that the caller gives. The points are available at once and valid for 1 day.",
        ),
        (
            "'given', 10, p_cap_points => 50, p_valid_end => 'year', p_wallet => 'points'",
            "Awards the points that the caller gives, 10 if it gives none, at most 50, in the wallet points. The points are available at once and valid to the end of the year in which they are earned.",
        ),
        (
            "'amount', p_points_per_unit => 1.50, p_pending_days => 14, p_valid_months => 12, p_valid_end => 'month'",
            "Awards 1.5 points for each EUR, rounded down. The points are available after 14 days and valid to the end of the month, 12 months on.",
        ),
        (
            "'tiers', p_tier_starts => '{0,100,1000}', p_tier_rates => '{1,2,0.5}', p_rounding => 'half_up', p_valid_months => 1, p_valid_days => 2",
            "Awards 1 point for each EUR up to 100, 2 up to 1000, 0.5 above, rounded half up. The points are available at once and valid for 1 month and 2 days.",
        ),
        (
            "'amount', p_points_per_unit => 1, p_rounding => 'up', p_valid_until => '2030-06-30'",
            "Awards 1 point for each EUR, rounded up. The points are available at once and valid through 2030-06-30.",
        ),
    ] {
        let call = format!("select api.create_rule_version('SIGN_IN', {arguments}, p_starts_at => clock_timestamp())");
        let version: i32 = client.query_one(&call, &[]).await.unwrap().get(0);
        let describe = "select description from api.rule_version where rule = 'SIGN_IN' and version = $1";
        assert_eq!(client.query_one(describe, &[&version]).await.unwrap().get::<_, String>(0), expected);
    }
    client.batch_execute("select api.retire_rule('SIGN_IN', 'r')").await.unwrap();
    let last = "select description from api.rule_version where rule = 'SIGN_IN' order by version desc limit 1";
    assert_eq!(client.query_one(last, &[]).await.unwrap().get::<_, String>(0), "Awards nothing: the rule is retired.");
}

async fn expiry(client: &Client, key: &str, at: &str) -> Option<DateTime<Utc>> {
    let now = instant(at);
    let outcome = one(client, Request::earn("zoe", "NEW", key), Some(now)).await;
    assert_eq!(outcome.refusal, None, "{key}");
    let stored = "select expires_at from api.operation where user_id = 'zoe' and idempotency_key = $1";
    client.query_one(stored, &[&key]).await.unwrap().get(0)
}

#[tokio::test]
async fn points_expire_by_the_calendar_of_the_program() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.program set time_zone = 'America/New_York'").await.unwrap();
    client.batch_execute(NEW).await.unwrap();
    for (number, (terms, at, expected)) in [
        // January's end is in winter, the days before the change in summer
        ("p_valid_end => 'day'", "2024-11-03T12:00:00Z", Some("2024-11-04T05:00:00Z")),
        ("p_valid_end => 'day'", "2024-03-10T05:30:00Z", Some("2024-03-11T04:00:00Z")),
        // 03:30 in UTC is the day before
        ("p_valid_end => 'day'", "2024-06-30T03:30:00Z", Some("2024-06-30T04:00:00Z")),
        ("p_valid_end => 'month'", "2024-07-01T03:59:59Z", Some("2024-07-01T04:00:00Z")),
        ("p_valid_end => 'month'", "2024-07-01T04:00:00Z", Some("2024-08-01T04:00:00Z")),
        ("p_valid_end => 'year'", "2024-12-31T23:00:00Z", Some("2025-01-01T05:00:00Z")),
        ("p_valid_months => 1", "2024-01-31T12:00:00Z", Some("2024-02-29T12:00:00Z")),
        ("p_valid_months => 12", "2024-02-29T12:00:00Z", Some("2025-02-28T12:00:00Z")),
        ("p_valid_months => 1, p_valid_days => 1", "2024-01-31T12:00:00Z", Some("2024-03-01T12:00:00Z")),
        // to the same local time in summer
        ("p_valid_months => 3", "2024-01-15T12:00:00Z", Some("2024-04-15T11:00:00Z")),
        ("p_valid_months => 3, p_valid_end => 'month'", "2024-01-15T12:00:00Z", Some("2024-05-01T04:00:00Z")),
        ("p_valid_days => 45, p_valid_end => 'year'", "2024-12-15T12:00:00Z", Some("2026-01-01T05:00:00Z")),
        (
            "p_valid_months => 24, p_valid_end => 'year', p_pending_days => 30",
            "2024-06-01T12:00:00Z",
            Some("2027-01-01T05:00:00Z"),
        ),
        ("p_valid_until => '2024-12-31'", "2024-06-01T12:00:00Z", Some("2025-01-01T05:00:00Z")),
        // what becomes available too late expires at once
        ("p_valid_until => '2024-06-10', p_pending_days => 14", "2024-06-01T12:00:00Z", Some("2024-06-15T12:00:00Z")),
        ("p_valid_until => '2024-06-10'", "2024-07-01T12:00:00Z", Some("2024-07-01T12:00:00Z")),
        ("p_valid_days => 365", "2024-06-01T12:00:00Z", Some("2025-06-01T12:00:00Z")),
        ("p_cap_points => 9", "2024-06-01T12:00:00Z", None),
    ]
    .into_iter()
    .enumerate()
    {
        let start = format!("2000-01-01 00:00Z'::timestamptz + {number} * interval '1 s");
        let version = format!("select api.create_rule_version('NEW', 'fixed', 5, {terms}, p_starts_at => '{start}')");
        client.batch_execute(&version).await.unwrap();
        assert_eq!(expiry(&client, &number.to_string(), at).await, expected.map(instant), "{terms} from {at}");
    }
    super::assert_laws(&client).await;
}

/// Some months and then days after an instant at the same time of Tokyo, which is 9 hours ahead all year, put off to the
/// end of a day, month or year.
fn calendar(at: DateTime<Utc>, months: Option<u32>, days: Option<u64>, end: Option<&str>) -> DateTime<Utc> {
    let tokyo = TimeDelta::hours(9);
    let mut local = (at + tokyo).naive_utc() + Months::new(months.unwrap_or(0)) + Days::new(days.unwrap_or(0));
    if let Some(end) = end {
        let day = local.date();
        local = match end {
            "day" => day + Days::new(1),
            "month" => day.with_day(1).unwrap() + Months::new(1),
            _ => NaiveDate::from_ymd_opt(day.year() + 1, 1, 1).unwrap(),
        }
        .and_time(NaiveTime::MIN);
    }
    local.and_utc() - tokyo
}

#[tokio::test]
async fn expiry_by_the_calendar_is_what_another_calendar_says() {
    let database = Database::new().await;
    let client = database.client().await;
    let end = option::of(prop_oneof![Just("day"), Just("month"), Just("year")]);
    let case = (0..2_000_000_000i64, option::of(1..40u32), option::of(1..500u64), end);
    for seed in new_seeds(500) {
        let (seconds, months, days, end) = case.new_tree(&mut runner(seed)).unwrap().current();
        let at = DateTime::from_timestamp(seconds, 0).unwrap();
        let found: DateTime<Utc> = client
            .query_one(
                "select points.calendar_expiry($1, $2, $3::text::points.calendar_unit, null, 0, $4, 'Asia/Tokyo')",
                &[&months.map(|months| months as i32), &days.map(|days| days as i32), &end, &at],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(found, calendar(at, months, days, end), "{at} {months:?} {days:?} {end:?}");
    }
}

/// A version and an amount, and what it must award.
#[derive(Clone, Debug)]
struct Case {
    widths: Vec<i64>,
    rates: Vec<i64>,
    rounding: usize,
    cap: Option<i64>,
    amount: i64,
}

const ROUNDINGS: [(&str, RoundingStrategy); 3] = [
    ("down", RoundingStrategy::ToZero),
    ("half_up", RoundingStrategy::MidpointAwayFromZero),
    ("up", RoundingStrategy::AwayFromZero),
];

impl Case {
    fn starts(&self) -> Vec<i64> {
        let mut start = 0;
        self.rates
            .iter()
            .zip(&self.widths)
            .map(|(_, width)| {
                let this = start;
                start += width;
                this
            })
            .collect()
    }

    /// Hundredth by hundredth of the amount, as people count.
    fn expected(&self) -> i64 {
        let starts = self.starts();
        let mut millionths = Decimal::ZERO;
        for hundredth in 0..self.amount {
            let tier = starts.iter().rposition(|start| hundredth >= *start).unwrap();
            millionths += Decimal::new(self.rates[tier], 0);
        }
        let points = (millionths / Decimal::new(100_000_000, 0)).round_dp_with_strategy(0, ROUNDINGS[self.rounding].1);
        let points: i64 = points.try_into().unwrap();
        self.cap.map_or(points, |cap| points.min(cap))
    }
}

fn case() -> impl Strategy<Value = Case> {
    (vec((1..1_500i64, 0..5_000_000i64), 1..6), 0..3usize, option::weighted(0.3, 1..200i64), 0..4_000i64).prop_map(
        |(tiers, rounding, cap, amount)| {
            let (widths, mut rates): (Vec<_>, Vec<_>) = tiers.into_iter().unzip();
            rates[0] = rates[0].max(1);
            Case { widths, rates, rounding, cap, amount }
        },
    )
}

#[tokio::test]
async fn tiers_award_as_people_count() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    let array = |values: &[i64], scale| {
        json!(
            values
                .iter()
                .map(|v| Decimal::new(*v, scale))
                .collect::<Vec<_>>()
                .iter()
                .map(Decimal::to_string)
                .collect::<Vec<_>>()
        )
    };
    for seed in new_seeds(100) {
        let case = case().new_tree(&mut runner(seed)).unwrap().current();
        let text = |value: Value| value.to_string().replace('"', "").replace('[', "{").replace(']', "}");
        let version = format!(
            "select api.create_rule_version('NEW', 'tiers', p_tier_starts => '{}', p_tier_rates => '{}', p_rounding => '{}',
                 p_cap_points => {}, p_starts_at => clock_timestamp())",
            text(array(&case.starts(), 2)),
            text(array(&case.rates, 6)),
            ROUNDINGS[case.rounding].0,
            case.cap.map_or("null".to_owned(), |cap| cap.to_string()),
        );
        client.batch_execute(&version).await.unwrap();
        let amount = Decimal::new(case.amount, 2).to_string();
        let request = Request::earn("zoe", "NEW", &format!("{seed}")).amount(&amount);
        assert_eq!(one(&client, request, None).await.points, Some(case.expected()), "{case:?}");
    }
}
