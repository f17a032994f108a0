//! Reversals and returns: law 5.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use tokio_postgres::Client;

use super::{assert_laws, make_rule, number, one, sqlstate};
use crate::common::{Database, Kind, Outcome, Request, check_histories, execute, instant};

fn code(outcome: &Outcome) -> Option<&str> {
    outcome.refusal.as_deref()
}

/// available, debt, earned, spent, expired and adjusted, as booked.
async fn booked(client: &Client, user: &str) -> [i64; 6] {
    let row = client
        .query_one(
            "select array[available, debt, earned, spent, expired, adjusted]::bigint[]
             from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
             where a.user_id = $1",
            &[&user],
        )
        .await
        .unwrap();
    row.get::<_, Vec<i64>>(0).try_into().unwrap()
}

async fn kinds(client: &Client, user: &str) -> Vec<String> {
    let rows =
        client.query("select kind::text from api.entry where user_id = $1 order by seq", &[&user]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn five_returns_of_five_equal_one_of_twenty_five() {
    let database = Database::new().await;
    let client = database.client().await;
    // 2 points for 25: each fifth is worth 0.4 of a point
    make_rule(&client, "RARE", "basis, points_per_unit, rounding, pending_days", "'amount', 0.08, 'down', 0").await;
    for user in ["five", "one"] {
        one(&client, Request::earn(user, "RARE", "order").amount("25"), None).await;
    }
    let mut clawed = Vec::new();
    for part in 0..5 {
        let request = Request::return_order("five", "order", &format!("r{part}")).amount("5");
        clawed.push(one(&client, request, None).await.detail.unwrap()["clawed_back"].clone());
    }
    assert_eq!(clawed, [0, 0, 1, 0, 1]);
    one(&client, Request::return_order("one", "order", "r").amount("25"), None).await;
    assert_eq!(booked(&client, "five").await, [0; 6]);
    assert_eq!(booked(&client, "one").await, [0; 6]);

    let more = one(&client, Request::return_order("five", "order", "r5").amount("0.01"), None).await;
    assert_eq!(code(&more), Some("RETURN_TOO_LARGE"));
    assert_eq!(more.detail, Some(json!({ "amount": 25, "returned": 25 })));
    // all of what is left is nothing, and no fault
    let rest = one(&client, Request::return_order("five", "order", "r6"), None).await;
    assert_eq!((code(&rest), rest.detail.as_ref().unwrap()["clawed_back"].as_i64()), (None, Some(0)));
    assert_laws(&client).await;
}

#[tokio::test]
async fn points_spent_on_an_order_go_back_to_their_lots() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = Some(instant("2024-05-01T12:00:00Z"));
    one(&client, Request::adjust("zoe", 100, "never"), now).await;
    one(&client, Request::adjust("zoe", 100, "june").expires_at(instant("2024-06-15T00:00:00Z")), now).await;
    one(&client, Request::spend("zoe", 150, "s").order_key("o").amount("50"), now).await;
    one(&client, Request::hold("zoe", 50, "h").order_key("o").amount("50"), now).await;
    one(&client, Request::undo(Kind::Capture, "zoe", "h", "c").points(20), now).await;

    // a fifth: 30 of 150 and 4 of 20, the last taken first
    let outcome = one(&client, Request::return_order("zoe", "o", "r1").amount("10"), now).await;
    assert_eq!(outcome.detail, Some(json!({ "clawed_back": 0, "refunded": 34, "shortfall": 0 })));
    assert_eq!(booked(&client, "zoe").await[..4], [64, 0, 0, 136]);
    let june = "select count(*) from points.lot l join points.account a on a.bucket = l.bucket and a.id = l.account_id
        where a.user_id = 'zoe' and l.expires_at < 'infinity'";
    assert_eq!(number(&client, june).await, 0, "what expires soonest stays spent");

    let outcome = one(&client, Request::return_order("zoe", "o", "r2"), now).await;
    assert_eq!(outcome.detail.unwrap()["refunded"], 136);
    let lots = "select count(*) from points.lot l join points.account a on a.bucket = l.bucket and a.id = l.account_id
        where a.user_id = 'zoe' and l.remaining = 100";
    assert_eq!(number(&client, lots).await, 2);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_refund_of_points_that_have_expired_meanwhile_expires() {
    let database = Database::new().await;
    let client = database.client().await;
    let (may, july) = (Some(instant("2024-05-01T12:00:00Z")), Some(instant("2024-07-01T12:00:00Z")));
    one(&client, Request::adjust("zoe", 100, "a").expires_at(instant("2024-06-15T00:00:00Z")), may).await;
    one(&client, Request::spend("zoe", 70, "s"), may).await;
    let outcome = one(&client, Request::undo(Kind::Reverse, "zoe", "s", "v"), july).await;
    assert_eq!((code(&outcome), outcome.points), (None, Some(70)));
    assert_eq!(booked(&client, "zoe").await, [0, 0, 0, 0, 100, 100]);
    assert_eq!(kinds(&client, "zoe").await, ["adjust", "spend", "expire", "refund", "expire"]);
}

#[tokio::test]
async fn a_return_may_come_before_its_order() {
    let database = Database::new().await;
    let client = database.client().await;
    let early = one(&client, Request::return_order("zoe", "o", "r").amount("30"), None).await;
    assert_eq!(early.detail, Some(json!({ "clawed_back": 0, "refunded": 0, "shortfall": 0 })));
    let earned = one(&client, Request::earn("zoe", "ORDER", "o").amount("100"), None).await;
    assert_eq!(earned.points, Some(100));
    assert_eq!(booked(&client, "zoe").await[..3], [70, 0, 70]);
    // a second award for the same order, later still
    one(&client, Request::earn("zoe", "TASK", "bonus").points(10).order_key("o"), None).await;
    assert_eq!(booked(&client, "zoe").await[..3], [77, 0, 77]);
    // in one batch with its order
    let batch = [Request::return_order("ann", "o", "r"), Request::earn("ann", "ORDER", "o").amount("100")];
    execute(&client, &batch, None).await;
    assert_eq!(booked(&client, "ann").await, [0; 6]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_late_return_owes_nothing_for_what_expired() {
    let database = Database::new().await;
    let client = database.client().await;
    let times = ["2024-01-01", "2025-06-01", "2025-06-02"].map(|day| Some(instant(&format!("{day}T00:00:00Z"))));
    one(&client, Request::earn("zoe", "ORDER", "o").amount("100"), times[0]).await;
    one(&client, Request::spend("zoe", 60, "s"), times[0]).await;
    one(&client, Request::earn("zoe", "SIGN_IN", "e"), times[1]).await;
    assert_eq!(booked(&client, "zoe").await, [5, 0, 105, 60, 40, 0]);
    let outcome = one(&client, Request::return_order("zoe", "o", "r"), times[2]).await;
    assert_eq!(outcome.detail, Some(json!({ "clawed_back": 100, "refunded": 0, "shortfall": 55 })));
    // as if it had been returned before it expired
    assert_eq!(booked(&client, "zoe").await, [0, 55, 5, 60, 0, 0]);
    assert_eq!(kinds(&client, "zoe").await, ["earn", "spend", "expire", "earn", "reinstate", "clawback"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_debt_is_repaid_first_and_can_be_forgiven() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::earn("zoe", "ORDER", "o").amount("100"), None).await;
    one(&client, Request::spend("zoe", 80, "s"), None).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "o", "v"), None).await;
    assert_eq!(booked(&client, "zoe").await[..3], [0, 80, 0]);
    assert_eq!(code(&one(&client, Request::spend("zoe", 1, "s2"), None).await), Some("INSUFFICIENT_POINTS"));
    let earned = one(&client, Request::earn("zoe", "TASK", "e1").points(50), None).await;
    assert_eq!(earned.account.unwrap().available, 0);
    assert_eq!(booked(&client, "zoe").await[..3], [0, 30, 50]);
    one(&client, Request::earn("zoe", "TASK", "e2").points(50), None).await;
    assert_eq!(booked(&client, "zoe").await[..3], [20, 0, 100]);

    client.batch_execute("update points.program set debt_policy = 'clamp'").await.unwrap();
    one(&client, Request::earn("ann", "ORDER", "o").amount("100"), None).await;
    one(&client, Request::spend("ann", 80, "s"), None).await;
    let outcome = one(&client, Request::return_order("ann", "o", "r"), None).await;
    assert_eq!(outcome.detail.unwrap()["shortfall"], 80);
    assert_eq!(booked(&client, "ann").await, [0, 0, 0, 80, 0, 80]);
    assert_eq!(kinds(&client, "ann").await, ["earn", "spend", "clawback", "write_off"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn pending_points_are_clawed_back_and_never_become_available() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, points_per_unit, rounding, pending_days", "'amount', 1, 'down', 14").await;
    let (begin, later) = (Some(instant("2024-05-01T12:00:00Z")), Some(instant("2024-06-01T12:00:00Z")));
    one(&client, Request::earn("zoe", "SLOW", "o").amount("100"), begin).await;
    let outcome = one(&client, Request::return_order("zoe", "o", "r").amount("60"), begin).await;
    assert_eq!(outcome.detail.unwrap()["clawed_back"], 60);
    one(&client, Request::earn("zoe", "SIGN_IN", "e"), later).await;
    assert_eq!(booked(&client, "zoe").await[..3], [45, 0, 45]);
}

#[tokio::test]
async fn a_clawback_takes_the_level_back() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::earn("zoe", "ORDER", "o").amount("1200"), None).await;
    let outcome = one(&client, Request::return_order("zoe", "o", "r").amount("500"), None).await;
    assert_eq!(outcome.account.unwrap().level.as_deref(), Some("NORMAL"));
    let outcome = one(&client, Request::earn("zoe", "ORDER", "o2").amount("300"), None).await;
    assert_eq!(outcome.account.unwrap().level.as_deref(), Some("VIP1"));
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_operation_is_reversed_once_and_only_if_it_moved_points() {
    let database = Database::new().await;
    let client = database.client().await;
    let batch = [
        Request::adjust("zoe", 100, "plus"),
        Request::spend("zoe", 30, "spend"),
        Request::adjust("zoe", -20, "minus"),
        Request::hold("zoe", 10, "hold"),
        Request::undo(Kind::Reverse, "zoe", "spend", "v1"),
        Request::undo(Kind::Reverse, "zoe", "minus", "v2"),
        Request::undo(Kind::Reverse, "zoe", "hold", "v3"),
        Request::undo(Kind::Reverse, "zoe", "plus", "v4"),
    ];
    let outcomes = execute(&client, &batch, None).await;
    assert!(outcomes.iter().all(|outcome| outcome.refusal.is_none()), "{outcomes:?}");
    let points: Vec<i64> = outcomes[4..].iter().map(|outcome| outcome.points.unwrap()).collect();
    assert_eq!(points, [30, 20, 10, -100]);
    assert_eq!(booked(&client, "zoe").await, [0; 6]);
    for (original, expected) in [
        ("spend", "ALREADY_REVERSED"),
        ("plus", "ALREADY_REVERSED"),
        ("hold", "HOLD_CLOSED"),
        ("v1", "NOT_REVERSIBLE"),
        ("x spend", "NOT_REVERSIBLE"),
        ("nothing", "UNKNOWN_OPERATION"),
    ] {
        one(&client, Request::spend("zoe", 1, "x spend"), None).await;
        let request = Request::undo(Kind::Reverse, "zoe", original, &format!("again {original}"));
        assert_eq!(code(&one(&client, request, None).await), Some(expected), "{original}");
    }
    // the same request again is no second reversal
    assert!(one(&client, batch[4].clone(), None).await.replayed);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_part_of_an_order_without_an_amount_cannot_be_returned() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::earn("zoe", "TASK", "e").points(10).order_key("o"), None).await;
    let outcome = one(&client, Request::return_order("zoe", "o", "r1").amount("5"), None).await;
    assert_eq!(code(&outcome), Some("RETURN_TOO_LARGE"));
    assert_eq!(outcome.detail, Some(json!({ "amount": null, "returned": 0 })));
    let outcome = one(&client, Request::return_order("zoe", "o", "r2"), None).await;
    assert_eq!(outcome.detail.unwrap()["clawed_back"], 10);
}

#[tokio::test]
async fn psql_reverses_and_returns() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    client.batch_execute("select api.earn_points('dora', 'ORDER', 'o', 40)").await.unwrap();
    let returned = "select (operation).detail ->> 'clawed_back' from api.return_order('dora', 'o', 'r', 10)";
    assert_eq!(client.query_one(returned, &[]).await.unwrap().get::<_, &str>(0), "10");
    let reversed = "select (operation).points from api.reverse_operation('dora', api.operation_id(1, 'o'), 'v')";
    assert_eq!(client.query_one(reversed, &[]).await.unwrap().get::<_, i64>(0), -30);
    for (call, expected) in [
        ("api.return_order('dora', '', 'x')", "LP001"),
        ("api.return_order('dora', 'o', 'x', 0)", "LP001"),
        ("api.return_order('dora', 'o', 'x', -1)", "LP001"),
        ("api.reverse_operation('dora', null, 'x')", "LP001"),
        ("api.reverse_operation('dora', gen_random_uuid(), 'x')", "LP108"),
        ("api.reverse_operation('dora', api.operation_id(1, 'v'), 'x')", "LP105"),
        ("api.reverse_operation('dora', api.operation_id(1, 'o'), 'x')", "LP106"),
        ("api.return_order('dora', 'o', 'x', 31)", "LP107"),
        ("api.return_order('dora', 'o', 'r', 11)", "LP004"),
    ] {
        assert_eq!(sqlstate(client.query(&format!("select * from {call}"), &[]).await), expected, "{call}");
    }
}

/// What the member has beside the order: enough for all that is spent on it.
const FUNDS: i64 = 800;

/// What happens to one order, in any order.
#[derive(Clone, Debug)]
enum Event {
    Earn,
    Bonus,
    Spend,
    HoldAndCapture,
    Return(i64),
}

#[derive(Clone, Debug)]
struct Order {
    cents: i64,
    spent: i64,
    captured: i64,
    events: Vec<Event>,
}

fn order() -> impl Strategy<Value = Order> {
    let parts = (1..60_000i64, prop::collection::vec(1..100i64, 1..7), 0..=100i64);
    (parts, 1..400i64, 1..400i64)
        .prop_flat_map(|((cents, weights, share), spent, captured)| {
            let total = cents * share / 100;
            let all: i64 = weights.iter().sum();
            let mut parts: Vec<i64> = weights.iter().map(|weight| total * weight / all).collect();
            parts[0] += total - parts.iter().sum::<i64>();
            let returns = parts.into_iter().filter(|part| *part > 0).map(Event::Return);
            let others = [Event::Earn, Event::Bonus, Event::Spend, Event::HoldAndCapture];
            let events = Just(others.into_iter().chain(returns).collect::<Vec<_>>()).prop_shuffle();
            (Just((cents, spent, captured)), events)
        })
        .prop_map(|((cents, spent, captured), events)| Order { cents, spent, captured, events })
}

async fn play(client: &Client, user: &str, order: &Order, now: DateTime<Utc>) {
    let amount = Decimal::new(order.cents, 2).to_string();
    let now = Some(now);
    one(client, Request::adjust(user, FUNDS, "funds"), now).await;
    for (place, event) in order.events.iter().enumerate() {
        let outcome = match event {
            Event::Earn => one(client, Request::earn(user, "ORDER", "o").amount(&amount), now).await,
            Event::Bonus => one(client, Request::earn(user, "TASK", "b").points(77).order_key("o"), now).await,
            Event::Spend => {
                one(client, Request::spend(user, order.spent, "s").order_key("o").amount(&amount), now).await
            }
            Event::HoldAndCapture => {
                one(client, Request::hold(user, 400, "h").order_key("o").amount(&amount), now).await;
                one(client, Request::undo(Kind::Capture, user, "h", "c").points(order.captured), now).await
            }
            Event::Return(cents) => {
                let request = Request::return_order(user, "o", &format!("r{place}"));
                one(client, request.amount(&Decimal::new(*cents, 2).to_string()), now).await
            }
        };
        assert_eq!(code(&outcome), None, "{event:?}");
    }
}

/// Returns permuted, split, before and after their order: always what one net return gives.
#[test]
fn returns_in_any_order_and_number_end_where_one_would() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(database.client());
    // The bonus names no amount, so a part can be returned only once something else of the order has.
    let may_be_refused = |events: &[Event]| {
        let known = events.iter().position(|event| !matches!(event, Event::Bonus | Event::Return(_)));
        let bonus = events.iter().position(|event| matches!(event, Event::Bonus));
        let part = |place: usize| matches!(events[place], Event::Return(_));
        bonus < known && (bonus.unwrap()..known.unwrap()).any(part)
    };
    check_histories(40, &order(), &[], |case, order| {
        prop_assume!(!may_be_refused(&order.events));
        let user = format!("m{case}");
        let now = instant("2024-05-01T12:00:00Z");
        runtime.block_on(play(&client, &user, &order, now));
        let returned: i64 =
            order.events.iter().map(|event| if let Event::Return(cents) = event { *cents } else { 0 }).sum();
        let kept = |points: i64| points - points * returned / order.cents;
        let earned = kept(order.cents / 100) + kept(77);
        let spent = kept(order.spent) + kept(order.captured);
        let expected = [FUNDS + earned - spent, 0, earned, spent, 0, FUNDS];
        prop_assert_eq!(runtime.block_on(booked(&client, &user)), expected);
        Ok(Vec::new())
    });
    runtime.block_on(assert_laws(&client));
}

#[tokio::test]
async fn what_expired_stays_so_if_it_cannot_be_taken_back_after_all() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2030-03-01T12:00:00Z");
    make_rule(&client, "SHORT", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 10").await;
    one(&client, Request::earn("ann", "SHORT", "e").points(1_000), Some(now)).await;
    one(&client, Request::spend("ann", 600, "s"), Some(now)).await;
    let much = Request::adjust("ann", 9_007_199_254_740_491, "much").expires_at(now + TimeDelta::days(20));
    assert_eq!(one(&client, much, Some(now)).await.refusal, None);
    // a debt of 600 might be forgiven, and then more than can be counted would have been adjusted
    let late = now + TimeDelta::days(30);
    let outcome = one(&client, Request::undo(Kind::Reverse, "ann", "e", "r"), Some(late)).await;
    assert_eq!(outcome.refusal.as_deref(), Some("LIMIT_REACHED"));
    let account = "select available + pending + debt from points.balance b join points.account a
        on (a.bucket, a.id) = (b.bucket, b.account_id) where a.user_id = 'ann'";
    assert_eq!(number(&client, account).await, 0);
    assert_laws(&client).await;
}
