//! Previews: what the operation would give, and nothing changed.

use chrono::TimeDelta;
use proptest::{option, prelude::*, strategy::ValueTree};
use serde_json::Value;
use tokio_postgres::{Client, Row};

use super::one;
use crate::common::{Database, Kind, Request, execute, instant, new_seeds, runner};

const PREVIEW: &str = "select p.refusal, p.detail, p.points, p.available_at, p.expires_at, p.previous_level, p.level,
    (p.account).available, (p.account).version, array(select e.kind::text from unnest(p.entries) e),
    array(select l.points from unnest(p.lots) l)";

/// Rows of every table, and all that is in them.
async fn everything(client: &Client) -> Vec<String> {
    let tables = client
        .query(
            "select c.oid::regclass::text from pg_class c where c.relnamespace = 'points'::regnamespace and c.relkind = 'r'
             order by 1",
            &[],
        )
        .await
        .unwrap();
    let mut found = Vec::new();
    for table in &tables {
        let table: &str = table.get(0);
        let hash = format!(
            "select count(*) || ' ' || coalesce(md5(string_agg(t::text, ' ' order by t::text)), '') from {table} t"
        );
        found.push(format!("{table} {}", client.query_one(&hash, &[]).await.unwrap().get::<_, String>(0)));
    }
    assert!(found.len() > 30, "{found:?}");
    found
}

async fn preview(client: &Client, request: &Request) -> Row {
    client.query_one(&format!("{PREVIEW} from points.preview($1) p"), &[request]).await.unwrap()
}

#[tokio::test]
async fn the_functions_for_psql_answer_points_expiry_level_and_lots() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    let admin = database.client().await;
    let before = everything(&admin).await;
    let call = async |call: &str| client.query_one(&format!("{PREVIEW} from api.{call} p"), &[]).await.unwrap();

    let row = call("preview_earn('alice', 'ORDER', 5000)").await;
    assert_eq!(row.get::<_, Option<&str>>(0), None);
    assert_eq!((row.get::<_, i64>(2), row.get::<_, i64>(7)), (5_000, 6_085));
    assert_eq!((row.get::<_, &str>(5), row.get::<_, &str>(6)), ("VIP1", "VIP2"));
    let (available, expires): (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) = (row.get(3), row.get(4));
    assert_eq!(expires - available, TimeDelta::days(365));
    assert_eq!((row.get::<_, Vec<&str>>(9), row.get::<_, Vec<i64>>(10)), (vec!["earn"], vec![5_000]));

    let row = call("preview_earn('nobody', 'SIGN_IN')").await;
    assert_eq!((row.get::<_, i64>(2), row.get::<_, Option<&str>>(5), row.get::<_, &str>(6)), (5, None, "NORMAL"));

    // what remains of 100 points by registration, of 1280 by an order and of 5 by a sign-in
    let row = call("preview_spend('alice', 1083)").await;
    assert_eq!((row.get::<_, i64>(7), row.get::<_, Vec<i64>>(10)), (2, vec![-1_080, -3]));
    let row = call("preview_spend('alice', 1086)").await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(2)), ("INSUFFICIENT_POINTS", 0));
    assert_eq!(row.get::<_, Value>(1), serde_json::json!({ "available": 1085, "requested": 1086 }));

    let row = call("preview_return('alice', 'demo-order-1')").await;
    assert_eq!(row.get::<_, Value>(1), serde_json::json!({ "clawed_back": 1280, "refunded": 0, "shortfall": 195 }));
    assert_eq!((row.get::<_, &str>(5), row.get::<_, &str>(6)), ("VIP1", "NORMAL"));

    let row = call("preview_earn('alice', 'NONE')").await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, Option<i64>>(7)), ("UNKNOWN_RULE", Some(1_085)));
    let row = call("preview_earn('alice', 'ORDER', p_client => 'nobody')").await;
    assert_eq!(row.get::<_, &str>(0), "FORBIDDEN");
    let row = call("preview_earn('nobody', 'ORDER')").await;
    assert_eq!((row.get::<_, &str>(0), row.get::<_, Option<i64>>(7)), ("INVALID_INPUT", None));
    assert_eq!(everything(&admin).await, before);
}

#[tokio::test]
async fn what_is_due_on_the_account_is_shown_and_not_booked() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::earn("zoe", "TASK", "old").points(40), Some(instant("2024-01-01T00:00:00Z"))).await;
    one(&client, Request::adjust("zoe", 10, "new"), Some(instant("2024-06-01T00:00:00Z"))).await;
    let before = everything(&client).await;
    let row = preview(&client, &Request::spend("zoe", 10, "")).await;
    assert_eq!(row.get::<_, Vec<&str>>(9), ["expire", "spend"]);
    assert_eq!((row.get::<_, i64>(7), row.get::<_, Vec<i64>>(10)), (0, vec![-10]));
    assert_eq!(everything(&client).await, before);
}

#[tokio::test]
async fn a_preview_leaves_no_lock_behind() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute("begin; select api.preview_spend('alice', 5); select api.preview_earn('zoe', 'SIGN_IN')")
        .await
        .unwrap();
    // while that transaction is still open
    let other = database.client().await;
    other.batch_execute("set lock_timeout = '2s'").await.unwrap();
    assert_eq!(one(&other, Request::spend("alice", 5, "s"), None).await.refusal, None);
    assert_eq!(one(&other, Request::earn("zoe", "SIGN_IN", "s"), None).await.refusal, None);
    client.batch_execute("commit").await.unwrap();
}

/// Random histories: the preview of each request is what the request then gives, and changes nothing.
#[tokio::test]
async fn a_preview_is_what_then_happens() {
    for seed in new_seeds(1) {
        let database = Database::new().await;
        let client = database.client().await;
        let what = (0..4u8, 1..400i64, 0..4u8, option::weighted(0.7, 1..20_000i64));
        let mut runner = runner(seed);
        let mut refused = 0;
        for number in 0..150 {
            let (kind, points, order, cents) = what.new_tree(&mut runner).unwrap().current();
            let (key, order) = (number.to_string(), format!("o{order}"));
            let money = |cents: i64| rust_decimal::Decimal::new(cents, 2).to_string();
            let request = match (kind, cents) {
                (0 | 1, _) => Request::earn("zoe", "ORDER", &key).amount(&money(points * 37)).order_key(&order),
                (2, Some(cents)) => Request::spend("zoe", points, &key).order_key(&order).amount(&money(cents)),
                (2, None) => Request::spend("zoe", points, &key),
                (_, Some(cents)) => Request::return_order("zoe", &order, &key).amount(&money(cents)),
                (_, None) => Request::return_order("zoe", &order, &key),
            };
            let before = if number % 10 == 0 { everything(&client).await } else { Vec::new() };
            let previewed = preview(&client, &request).await;
            if number % 10 == 0 {
                assert_eq!(everything(&client).await, before, "{request:?}");
            }
            let outcome = execute(&client, std::slice::from_ref(&request), None).await.remove(0);
            assert_eq!(previewed.get::<_, Option<String>>(0), outcome.refusal, "{request:?}");
            assert_eq!(previewed.get::<_, Option<Value>>(1), outcome.detail, "{request:?}");
            assert_eq!(Some(previewed.get::<_, i64>(2)), outcome.points, "{request:?}");
            let account = outcome.account.unwrap();
            assert_eq!(
                (previewed.get::<_, i64>(7), previewed.get::<_, i64>(8)),
                (account.available, account.version),
                "{request:?}"
            );
            assert_eq!(previewed.get::<_, Option<String>>(6), account.level);
            refused += i32::from(outcome.refusal.is_some());
            assert!(
                request.kind != Some(Kind::Spend)
                    || outcome.refusal.is_some()
                    || !previewed.get::<_, Vec<i64>>(10).is_empty()
            );
        }
        assert!((5..145).contains(&refused), "{refused}");
        super::assert_laws(&client).await;
    }
}
