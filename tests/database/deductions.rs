use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use tokio_postgres::Client;

use super::{assert_laws, one, sqlstate};
use crate::common::{Database, Kind, Request, check_histories, execute};

async fn quote(client: &Client, user: &str, amount: &str) -> (i64, Decimal) {
    let amount: Decimal = amount.parse().unwrap();
    let row =
        client.query_one("select points, money from api.quote_deduction($1, $2)", &[&user, &amount]).await.unwrap();
    (row.get(0), row.get(1))
}

fn hold(user: &str, points: i64, order: &str, amount: &str, key: &str) -> Request {
    Request::hold(user, points, key).order_key(order).amount(amount)
}

#[tokio::test]
async fn a_quote_keeps_to_share_cap_minimum_and_balance() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_deduction(100, 0.5, 20, 50)").await.unwrap();
    one(&client, Request::adjust("zoe", 1_234, "a"), None).await;
    for (amount, points, money) in [
        ("10", 500, "5.00"),
        // half a cent is nothing
        ("10.01", 500, "5.00"),
        ("100", 1_234, "12.34"),
        ("0.99", 0, "0.00"),
        ("1", 50, "0.50"),
        ("0", 0, "0.00"),
    ] {
        assert_eq!(quote(&client, "zoe", amount).await, (points, money.parse().unwrap()), "{amount}");
    }
    one(&client, Request::adjust("rich", 100_000, "a"), None).await;
    assert_eq!(quote(&client, "rich", "1000").await, (2_000, "20.00".parse().unwrap()));
    assert_eq!(quote(&client, "nobody", "1000").await, (0, "0.00".parse().unwrap()));
    assert_eq!(sqlstate(client.batch_execute("select api.quote_deduction('zoe', -1)").await), "LP001");
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    assert_eq!(sqlstate(client.batch_execute("select api.quote_deduction('zoe', 1, 'coins')").await), "LP001");
}

/// The most points with which no rule is broken, and no point more than the money takes; by trying all.
#[test]
fn a_quote_is_the_most_that_the_rules_allow() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(database.client());
    let cases = (1..250i64, 1..=100i64, proptest::option::of(0..3_000i64), 1..200i64, 0..4_000i64, 0..2_000i64);
    check_histories(200, &cases, &[], |_, (per_unit, percent, cap, least, cents, available)| {
        let money_of = |points: i64| points * 100 / per_unit;
        let allowed = |cents_used: i64| cents_used * 100 <= cents * percent && cap.is_none_or(|cap| cents_used <= cap);
        let most_money = (0..=available).map(money_of).filter(|money| allowed(*money)).max().unwrap();
        let points = (0..=available).find(|points| money_of(*points) == most_money).unwrap();
        let expected = if points >= least { points } else { 0 };
        let found: i64 = runtime
            .block_on(client.query_one(
                "select points.deductible(row('points', $1::bigint::int, $2::numeric, $3::numeric, $4::bigint, 2::smallint)::points.deduction, $5, $6)",
                &[&per_unit, &Decimal::new(percent, 2), &cap.map(|cap| Decimal::new(cap, 2)), &least, &Decimal::new(cents, 2), &available],
            ))
            .unwrap()
            .get(0);
        prop_assert_eq!(found, expected);
        Ok(Vec::new())
    });
}

#[tokio::test]
async fn holds_for_an_order_keep_to_the_quote_together() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_deduction(100, 0.5, null, 50)").await.unwrap();
    one(&client, Request::adjust("zoe", 10_000, "a"), None).await;
    let refused = one(&client, hold("zoe", 501, "o", "10", "h1"), None).await;
    assert_eq!(refused.refusal.as_deref(), Some("LIMIT_REACHED"));
    assert_eq!(refused.detail, Some(json!({ "limit": "points for an order", "minimum": 50, "maximum": 500 })));
    assert!(one(&client, hold("zoe", 501, "o", "10", "h1"), None).await.replayed, "it is final");

    // in one batch, too
    let batch =
        [hold("zoe", 300, "o", "10", "h2"), hold("zoe", 201, "o", "10", "h3"), hold("zoe", 200, "o", "10", "h4")];
    let outcomes = execute(&client, &batch, None).await;
    let refusals: Vec<_> = outcomes.iter().map(|outcome| outcome.refusal.as_deref()).collect();
    assert_eq!(refusals, [None, Some("LIMIT_REACHED"), None]);
    assert_eq!(outcomes[1].detail.as_ref().unwrap()["maximum"], 200);

    // what is released can be used again; what is captured counts
    one(&client, Request::undo(Kind::Release, "zoe", "h2", "r"), None).await;
    one(&client, Request::undo(Kind::Capture, "zoe", "h4", "c"), None).await;
    assert_eq!(one(&client, hold("zoe", 301, "o", "10", "h5"), None).await.refusal.as_deref(), Some("LIMIT_REACHED"));
    assert_eq!(one(&client, hold("zoe", 300, "o", "10", "h6"), None).await.refusal, None);
    assert_eq!(one(&client, hold("zoe", 49, "p", "10", "h7"), None).await.refusal.as_deref(), Some("LIMIT_REACHED"));
    // without an order's amount nothing is checked
    assert_eq!(one(&client, Request::hold("zoe", 5_000, "h8"), None).await.refusal, None);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_partial_return_gives_back_its_share_of_the_points() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_deduction(100)").await.unwrap();
    one(&client, Request::adjust("zoe", 1_000, "a"), None).await;
    one(&client, hold("zoe", 1_000, "o", "30", "h"), None).await;
    one(&client, Request::undo(Kind::Capture, "zoe", "h", "c"), None).await;
    let mut back = Vec::new();
    for part in ["a", "b", "c"] {
        let outcome =
            one(&client, Request::return_order("zoe", "o", &format!("return-{part}")).amount("10"), None).await;
        back.push(outcome.detail.unwrap()["refunded"].as_i64().unwrap());
    }
    assert_eq!(back, [333, 333, 334]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn settings_that_make_no_sense_are_inputs_at_fault() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    for arguments in [
        "0",
        "null",
        "100, 0",
        "100, 1.01",
        "100, 'NaN'",
        "100, 1, -1",
        "100, 1, 'NaN'",
        "100, 1, 1e12",
        "100, 1, null, 0",
        "100, 1, null, 1, 5::smallint",
        "100, p_wallet => 'shells'",
    ] {
        let result = client.batch_execute(&format!("select api.set_deduction({arguments})")).await;
        assert_eq!(sqlstate(result), "LP001", "{arguments}");
    }
}
