use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{assert_laws, number, one, sqlstate};
use crate::common::{Database, Kind, Outcome, Request, bucket, execute, instant};

pub fn redeem(user: &str, reward: &str, key: &str) -> Request {
    let spend = Request::spend(user, 1, key);
    Request { kind: Some(Kind::Redeem), reward: Some(reward.to_owned()), points: None, ..spend }
}

fn close(kind: Kind, user: &str, original: Uuid, key: &str) -> Request {
    Request { kind: Some(kind), original: Some(original), points: None, ..Request::spend(user, 1, key) }
}

pub fn fulfil(user: &str, redemption: Uuid, key: &str) -> Request {
    close(Kind::Fulfil, user, redemption, key)
}

pub fn cancel(user: &str, redemption: Uuid, key: &str) -> Request {
    close(Kind::Cancel, user, redemption, key)
}

pub fn reverse(user: &str, operation: Uuid, key: &str) -> Request {
    close(Kind::Reverse, user, operation, key)
}

pub fn return_order(user: &str, order: &str, key: &str) -> Request {
    let spend = Request::spend(user, 1, key);
    Request { kind: Some(Kind::Return), order_key: Some(order.to_owned()), points: None, ..spend }
}

/// id of the operation that psql asked for under a key.
pub fn id_of(key: &str) -> Uuid {
    Uuid::from_slice(&Sha256::digest(format!("1:{key}"))[..16]).unwrap()
}

/// Makes a reward by `api.create_reward`; `more` are its further arguments.
pub async fn create(client: &Client, code: &str, kind: &str, price: i64, more: &str) {
    let create = format!("select api.create_reward('{code}', '{code}', '{kind}', {price}, 'create {code}'{more})");
    client.batch_execute(&create).await.unwrap();
}

async fn stock(client: &Client, code: &str) -> i64 {
    client.query_one("select stock from api.reward where code = $1", &[&code]).await.unwrap().get(0)
}

async fn status(client: &Client, user: &str, key: &str) -> String {
    let status = "select status::text from api.redemption where user_id = $1 and id = $2";
    client.query_one(status, &[&user, &id_of(key)]).await.unwrap().get(0)
}

fn code(outcome: &Outcome) -> Option<&str> {
    outcome.refusal.as_deref()
}

#[tokio::test]
async fn a_redemption_takes_points_stock_and_quota_at_once() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 30, ", 5, p_quota => 2, p_quota_period => 'ever'").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    let outcome = one(&client, redeem("zoe", "CUP", "r"), None).await;
    assert_eq!((code(&outcome), outcome.points), (None, Some(30)));
    let entry = outcome.entry.unwrap();
    assert_eq!((entry.available_delta, entry.available_after), (-30, 70));
    assert_eq!(outcome.account.unwrap().spent, 30);
    assert_eq!(stock(&client, "CUP").await, 4);
    assert_eq!(number(&client, "select used::bigint from points.quota_use").await, 1);
    assert_eq!(status(&client, "zoe", "r").await, "reserved");

    let again = one(&client, redeem("zoe", "CUP", "r"), None).await;
    assert_eq!((again.replayed, again.entry), (true, Some(entry)));
    assert_eq!(stock(&client, "CUP").await, 4);
    assert_laws(&client).await;
}

#[tokio::test]
async fn only_final_refusals_are_stored() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 30, ", 1, p_quota => 1, p_quota_period => 'day'").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;

    let outcome = one(&client, redeem("zoe", "JUG", "r"), None).await;
    assert_eq!((code(&outcome), outcome.detail.clone()), (Some("UNKNOWN_REWARD"), Some(json!({ "reward": "JUG" }))));
    let outcome = one(&client, redeem("zoe", "CUP", "r").points(29), None).await;
    assert_eq!((code(&outcome), outcome.detail.clone()), (Some("PRICE_CHANGED"), Some(json!({ "price": 30 }))));
    client.batch_execute("select api.change_reward('CUP', 'Cup', 30, 'paused', 'p')").await.unwrap();
    assert_eq!(code(&one(&client, redeem("zoe", "CUP", "r"), None).await), Some("NOT_ON_SALE"));
    client
        .batch_execute(
            "select api.change_reward('CUP', 'Cup', 30, 'active', 'q', p_quota => 1, p_quota_period => 'day')",
        )
        .await
        .unwrap();

    // the key is free all along
    assert_eq!(code(&one(&client, redeem("zoe", "CUP", "r").points(30), None).await), None);
    one(&client, Request::adjust("yan", 100, "a"), None).await;
    let outcome = one(&client, redeem("yan", "CUP", "r"), None).await;
    assert_eq!((code(&outcome), outcome.detail.clone()), (Some("OUT_OF_STOCK"), Some(json!({ "reward": "CUP" }))));
    client.batch_execute("select api.add_stock('CUP', 1, 's')").await.unwrap();
    assert_eq!(code(&one(&client, redeem("yan", "CUP", "r"), None).await), None);

    client.batch_execute("select api.add_stock('CUP', 1, 't')").await.unwrap();
    let outcome = one(&client, redeem("zoe", "CUP", "r2"), None).await;
    assert_eq!(code(&outcome), Some("LIMIT_REACHED"));
    assert_eq!(outcome.detail, Some(json!({ "limit": "redemptions", "maximum": 1, "period": "day" })));
    assert_eq!(outcome.points, Some(0), "it is stored");
    assert_eq!(code(&one(&client, redeem("poor", "CUP", "r"), None).await), Some("INSUFFICIENT_POINTS"));
    let stored = "select count(*) from points.operation where kind = 'redeem' and refusal is not null";
    assert_eq!(number(&client, stored).await, 2);
}

#[tokio::test]
async fn a_reward_is_on_sale_from_one_instant_until_before_another() {
    let database = Database::new().await;
    let client = database.client().await;
    let window = ", p_on_sale_from => '2024-01-01Z', p_on_sale_until => '2024-02-01Z'";
    create(&client, "CUP", "goods", 1, window).await;
    one(&client, Request::adjust("zoe", 100, "a"), Some(instant("2023-01-01T00:00:00Z"))).await;
    for (now, expected) in [
        ("2023-12-31T23:59:59Z", Some("NOT_ON_SALE")),
        ("2024-01-01T00:00:00Z", None),
        ("2024-01-31T23:59:59Z", None),
        ("2024-02-01T00:00:00Z", Some("NOT_ON_SALE")),
    ] {
        assert_eq!(code(&one(&client, redeem("zoe", "CUP", now), Some(instant(now))).await), expected, "{now}");
    }
}

#[tokio::test]
async fn another_wallet_than_the_rewards_is_an_input_at_fault() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    create(&client, "CUP", "goods", 1, ", p_wallet => 'coins'").await;
    let outcome = one(&client, redeem("zoe", "CUP", "r"), None).await;
    assert_eq!(
        (code(&outcome), outcome.detail.clone().unwrap()["path"].as_str()),
        (Some("INVALID_INPUT"), Some("wallet"))
    );
}

async fn redeemed(client: &Client, reward: &str, key: &str, now: &str) -> Option<String> {
    one(client, redeem("zoe", reward, key), Some(instant(now))).await.refusal
}

#[tokio::test]
async fn quotas_count_by_the_programs_calendar() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.program set time_zone = 'Europe/Berlin'").await.unwrap();
    one(&client, Request::adjust("zoe", 1_000, "a"), Some(instant("2020-01-01T00:00:00Z"))).await;
    // the last instant of a period, the first of the next, and the last before the one after that
    for (period, last, first, before_next, next) in [
        // clocks go forward in the night of the 31st of March
        ("day", "2024-03-30T22:59:59Z", "2024-03-30T23:00:00Z", "2024-03-31T21:59:59Z", "2024-03-31T22:00:00Z"),
        ("week", "2024-03-31T21:59:59Z", "2024-03-31T22:00:00Z", "2024-04-07T21:59:59Z", "2024-04-07T22:00:00Z"),
        ("month", "2024-03-31T21:59:59Z", "2024-03-31T22:00:00Z", "2024-04-30T21:59:59Z", "2024-04-30T22:00:00Z"),
        ("year", "2023-12-31T22:59:59Z", "2023-12-31T23:00:00Z", "2024-12-31T22:59:59Z", "2024-12-31T23:00:00Z"),
    ] {
        let reward = period.to_uppercase();
        create(&client, &reward, "goods", 1, &format!(", p_quota => 1, p_quota_period => '{period}'")).await;
        let limit = Some("LIMIT_REACHED".to_owned());
        assert_eq!(redeemed(&client, &reward, &format!("{period}1"), last).await, None, "{period}");
        assert_eq!(redeemed(&client, &reward, &format!("{period}2"), last).await, limit, "{period}");
        assert_eq!(redeemed(&client, &reward, &format!("{period}3"), first).await, None, "{period}");
        assert_eq!(redeemed(&client, &reward, &format!("{period}4"), before_next).await, limit, "{period}");
        assert_eq!(redeemed(&client, &reward, &format!("{period}5"), next).await, None, "{period}");
    }
}

#[tokio::test]
async fn cancelling_frees_points_stock_and_quota_once() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 30, ", 1, p_quota => 1, p_quota_period => 'ever'").await;
    one(&client, Request::adjust("zoe", 40, "never"), None).await;
    one(&client, Request::adjust("zoe", 20, "soon").expires_at(instant("2190-01-01T00:00:00Z")), None).await;
    one(&client, redeem("zoe", "CUP", "r"), None).await;
    let outcome = one(&client, cancel("zoe", id_of("r"), "c"), None).await;
    assert_eq!((code(&outcome), outcome.points), (None, Some(30)));
    assert_eq!(outcome.entry.unwrap().available_after, 60);
    // to the very lots
    let lots = "select string_agg(remaining::text, ' ' order by expires_at) from api.lot where user_id = 'zoe'";
    assert_eq!(client.query_one(lots, &[]).await.unwrap().get::<_, String>(0), "20 40");
    assert_eq!((stock(&client, "CUP").await, status(&client, "zoe", "r").await.as_str()), (1, "cancelled"));

    let outcome = one(&client, cancel("zoe", id_of("r"), "c2"), None).await;
    assert_eq!(code(&outcome), Some("REDEMPTION_CLOSED"));
    assert_eq!(outcome.detail.unwrap()["status"], "cancelled");
    assert_eq!(code(&one(&client, fulfil("zoe", id_of("r"), "f"), None).await), Some("REDEMPTION_CLOSED"));
    assert_eq!(code(&one(&client, reverse("zoe", id_of("r"), "v"), None).await), Some("ALREADY_REVERSED"));
    assert_eq!(code(&one(&client, redeem("zoe", "CUP", "r2"), None).await), None);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_fulfilled_redemption_stays_so_even_if_its_points_go_back() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 30, ", 1").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    one(&client, redeem("zoe", "CUP", "r"), None).await;
    let outcome = one(&client, fulfil("zoe", id_of("r"), "f"), None).await;
    assert_eq!((code(&outcome), outcome.points, outcome.entry.clone()), (None, Some(0), None));
    assert!(one(&client, fulfil("zoe", id_of("r"), "f"), None).await.replayed);
    assert_eq!(code(&one(&client, cancel("zoe", id_of("r"), "c"), None).await), Some("REDEMPTION_CLOSED"));
    assert_eq!(one(&client, reverse("zoe", id_of("r"), "v"), None).await.account.unwrap().available, 100);
    assert_eq!((stock(&client, "CUP").await, status(&client, "zoe", "r").await.as_str()), (0, "fulfilled"));
    for (kind, key) in [(fulfil as fn(&str, Uuid, &str) -> Request, "x"), (cancel, "y")] {
        assert_eq!(code(&one(&client, kind("zoe", id_of("a"), key), None).await), Some("UNKNOWN_OPERATION"));
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn reversing_a_redemption_or_returning_its_order_whole_cancels_it() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 30, ", 9").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    let of_order = |key| Request { order_key: Some("o".to_owned()), ..redeem("zoe", "CUP", key).amount("90") };
    one(&client, redeem("zoe", "CUP", "r1"), None).await;
    one(&client, reverse("zoe", id_of("r1"), "v"), None).await;
    assert_eq!((stock(&client, "CUP").await, status(&client, "zoe", "r1").await.as_str()), (9, "cancelled"));

    // a part gives back that part of the points, and nothing else
    one(&client, of_order("r2"), None).await;
    let outcome = one(&client, return_order("zoe", "o", "part").amount("31"), None).await;
    assert_eq!(outcome.detail.unwrap()["refunded"], 10);
    assert_eq!((stock(&client, "CUP").await, status(&client, "zoe", "r2").await.as_str()), (8, "reserved"));
    let outcome = one(&client, return_order("zoe", "o", "rest").amount("59"), None).await;
    assert_eq!(outcome.account.unwrap().available, 100);
    assert_eq!((stock(&client, "CUP").await, status(&client, "zoe", "r2").await.as_str()), (9, "cancelled"));

    // an order that was returned before it came
    assert_eq!(one(&client, of_order("r3"), None).await.account.unwrap().available, 100);
    assert_eq!((stock(&client, "CUP").await, status(&client, "zoe", "r3").await.as_str()), (9, "cancelled"));
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_is_left_after_a_partial_return_goes_back_on_cancelling() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 30, ", 9").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    one(&client, Request { order_key: Some("o".to_owned()), ..redeem("zoe", "CUP", "r").amount("90") }, None).await;
    one(&client, return_order("zoe", "o", "part").amount("30"), None).await;
    let outcome = one(&client, cancel("zoe", id_of("r"), "c"), None).await;
    assert_eq!((outcome.points, outcome.account.unwrap().available), (Some(20), 100));
    assert_eq!(stock(&client, "CUP").await, 9);
    assert_laws(&client).await;
}

#[tokio::test]
async fn coupons_are_handed_out_in_order_and_once() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CODE", "coupon", 1, "").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    assert_eq!(code(&one(&client, redeem("zoe", "CODE", "r0"), None).await), Some("OUT_OF_STOCK"));
    client.batch_execute("select api.add_coupons('CODE', '{x,a,m}', 'u')").await.unwrap();
    client.batch_execute("select api.add_coupons('CODE', '{x,a,m}', 'u')").await.unwrap();
    assert_eq!(stock(&client, "CODE").await, 3);
    let outcomes = execute(&client, &[redeem("zoe", "CODE", "r1"), redeem("zoe", "CODE", "r2")], None).await;
    assert!(outcomes.iter().all(|outcome| outcome.refusal.is_none()), "{outcomes:?}");
    one(&client, cancel("zoe", id_of("r1"), "c"), None).await;
    assert_eq!(stock(&client, "CODE").await, 1, "nobody gets a code that somebody has seen");
    one(&client, redeem("zoe", "CODE", "r3"), None).await;
    assert_eq!(code(&one(&client, redeem("zoe", "CODE", "r4"), None).await), Some("OUT_OF_STOCK"));
    for (key, expected) in [("r1", "x"), ("r2", "a"), ("r3", "m")] {
        let coupon = "select coupon from api.redemption where id = $1";
        assert_eq!(client.query_one(coupon, &[&id_of(key)]).await.unwrap().get::<_, String>(0), expected);
    }
    for bad in ["'{x}'", "'{q,q}'", "'{}'", "array[repeat('x', 129)]"] {
        let result = client.batch_execute(&format!("select api.add_coupons('CODE', {bad}, 'bad')")).await;
        assert_eq!(sqlstate(result), "LP001", "{bad}");
    }
}

const PRIZES: &str = r#", p_prizes => '[{"name": "TV", "weight": 5, "stock": 2}, {"name": "Sweet", "weight": 60}, {"name": "Pen", "weight": 35, "stock": 10}]'"#;

#[tokio::test]
async fn a_draw_is_recomputed_from_its_seed_and_weights() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "DRAW", "draw", 1, PRIZES).await;
    one(&client, Request::adjust("zoe", 1_000, "a"), None).await;
    let batch: Vec<_> = (0..60).map(|number| redeem("zoe", "DRAW", &format!("r{number}"))).collect();
    for outcome in execute(&client, &batch, None).await {
        assert_eq!(outcome.refusal, None);
    }
    let rows = client.query("select seed, weights, drawn, recomputed, prize from api.redemption", &[]).await.unwrap();
    let mut given = [0; 3];
    for row in &rows {
        let (seed, weights): (&[u8], Vec<i32>) = (row.get(0), row.get(1));
        // as its comment says, without the database
        let total: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
        let point = i64::from_be_bytes(seed[..8].try_into().unwrap()) as u64 >> 4;
        let mut rest = (point % total as u64) as i64;
        let drawn = 1 + weights
            .iter()
            .position(|weight| {
                rest -= i64::from(*weight);
                rest < 0
            })
            .unwrap();
        assert_eq!((row.get::<_, i16>(2), row.get::<_, i16>(3)), (drawn as i16, drawn as i16));
        let prize: i16 = row.get(4);
        assert!(prize == drawn as i16 || prize == 2, "only the consolation prize stands in");
        given[prize as usize - 1] += 1;
    }
    assert_eq!(rows.len(), 60);
    assert!(given[0] <= 2 && given[2] <= 10, "{given:?}");
    let seeds = "select count(distinct seed) from api.redemption";
    assert_eq!(number(&client, seeds).await, 60);
    let left = "select sum(stock)::bigint from api.prize where reward = 'DRAW'";
    assert_eq!(number(&client, left).await, 12 - given[0] - given[2]);
}

#[tokio::test]
async fn each_prize_is_drawn_as_often_as_its_weight_says() {
    let database = Database::new().await;
    let client = database.client().await;
    let drawn = "select array_agg(n order by drawn) from (
        select drawn, count(*) as n
        from generate_series(1, 20000) i
        cross join lateral (select points.draw_prize(points.draw_seed(gen_random_uuid(), i, gen_random_uuid()), '{10,0,30,60}') as drawn) d
        group by drawn) q";
    let counts: Vec<i64> = client.query_one(drawn, &[]).await.unwrap().get(0);
    // five standard deviations
    for (count, share) in counts.iter().zip([0.1, 0.3, 0.6]) {
        let (expected, deviation) = (20_000.0 * share, f64::sqrt(20_000.0 * share * (1.0 - share)));
        assert!((*count as f64 - expected).abs() < 5.0 * deviation, "{counts:?}");
    }
    assert_eq!(counts.len(), 3, "what has no weight is never drawn");
}

#[tokio::test]
async fn no_piece_is_out_of_reach_in_another_buckets_slice() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 1, ", 40").await;
    // one piece is in each slice, and none in the centre
    client
        .batch_execute(
            "update points.stock set remaining = 0; update points.stock_slice set remaining = 1 where item = 'CUP'",
        )
        .await
        .unwrap();
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    for number in 0..8 {
        let outcome = one(&client, redeem("zoe", "CUP", &format!("r{number}")), None).await;
        assert_eq!(code(&outcome), None, "{number}");
    }
    assert_eq!(code(&one(&client, redeem("zoe", "CUP", "r8"), None).await), Some("OUT_OF_STOCK"));
}

#[tokio::test]
async fn who_comes_after_the_last_piece_writes_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 1, ", 0").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    client.batch_execute("begin").await.unwrap();
    let users = ["zoe", "stranger"];
    for user in users {
        assert_eq!(code(&one(&client, redeem(user, "CUP", "r"), None).await), Some("OUT_OF_STOCK"));
    }
    let assigned = "select count(pg_current_xact_id_if_assigned()::text)";
    assert_eq!(number(&client, assigned).await, 0, "a transaction that writes has an id");
    let locks = "select count(*) from pg_locks where pid = pg_backend_pid() and locktype in ('tuple', 'transactionid')";
    assert_eq!(number(&client, locks).await, 0);
}

#[tokio::test]
async fn a_key_asked_twice_in_one_batch_for_what_is_gone_is_refused_twice() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 1, ", 1").await;
    let buyer = (0..).map(|n| format!("b{n}")).find(|name| bucket(name, "points") == bucket("zoe", "points")).unwrap();
    for user in ["zoe", &buyer] {
        one(&client, Request::adjust(user, 100, "a"), None).await;
    }
    let batch = [redeem(&buyer, "CUP", "r"), redeem("zoe", "CUP", "r"), redeem("zoe", "CUP", "r")];
    let outcomes = execute(&client, &batch, None).await;
    assert_eq!(outcomes.iter().map(code).collect::<Vec<_>>(), [None, Some("OUT_OF_STOCK"), Some("OUT_OF_STOCK")]);
    assert!(outcomes.iter().all(|outcome| !outcome.replayed));
    let many = execute(&client, &vec![redeem("zoe", "CUP", "r2"); 200], None).await;
    assert!(many.iter().all(|outcome| code(outcome) == Some("OUT_OF_STOCK")));
    client.batch_execute("select api.add_stock('CUP', 5, 's')").await.unwrap();
    let many = execute(&client, &vec![redeem("zoe", "CUP", "r2"); 200], None).await;
    assert_eq!(many.iter().filter(|outcome| outcome.replayed).count(), 199);
    assert_eq!(stock(&client, "CUP").await, 4);
}

/// Rounds are stretches of such a batch, so that some accounts come first in a later one.
#[tokio::test]
async fn what_has_expired_is_not_redeemed_in_any_round() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 10, ", 9").await;
    let late = (0..).map(|n| format!("b{n}")).find(|name| bucket(name, "points") == bucket("zoe", "points")).unwrap();
    let then = Some(instant("2024-01-01T00:00:00Z"));
    one(&client, Request::adjust("zoe", 100, "a"), then).await;
    one(&client, Request::adjust(&late, 100, "a").expires_at(instant("2024-02-01T00:00:00Z")), then).await;
    let batch = [redeem("zoe", "CUP", "r1"), redeem("zoe", "CUP", "r2"), redeem(&late, "CUP", "r3")];
    let outcomes = execute(&client, &batch, Some(instant("2024-02-01T00:00:00Z"))).await;
    assert_eq!(outcomes.iter().map(code).collect::<Vec<_>>(), [None, None, Some("INSUFFICIENT_POINTS")]);
    assert_eq!(outcomes[2].detail.as_ref().unwrap()["available"], 0);
    assert_laws(&client).await;
}

#[tokio::test]
async fn stock_can_be_taken_back_as_far_as_there_is_any() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 1, ", 10").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    one(&client, redeem("zoe", "CUP", "r"), None).await;
    client.batch_execute("select api.add_stock('CUP', -5, 's')").await.unwrap();
    assert_eq!(stock(&client, "CUP").await, 4);
    assert_eq!(sqlstate(client.batch_execute("select api.add_stock('CUP', -5, 't')").await), "LP001");
    client.batch_execute("select api.add_stock('CUP', -4, 't')").await.unwrap();
    assert_eq!(code(&one(&client, redeem("zoe", "CUP", "r2"), None).await), Some("OUT_OF_STOCK"));
}

#[tokio::test]
async fn a_change_of_the_catalogue_is_done_once_a_key() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    create(&client, "CUP", "goods", 1, ", 10").await;
    create(&client, "CUP", "goods", 1, ", 10").await;
    for _ in 0..2 {
        client.batch_execute("select api.add_stock('CUP', 5, 's')").await.unwrap();
    }
    assert_eq!(stock(&client, "CUP").await, 15);
    for (expected, call) in [
        ("LP004", "api.add_stock('CUP', 6, 's')"),
        ("LP004", "api.change_reward('CUP', 'Cup', 1, 'active', 's')"),
        ("LP001", "api.create_reward('CUP', 'Cup', 'goods', 1, 'other')"),
        ("LP001", "api.add_stock('CUP', 6, '')"),
        ("LP001", "api.add_stock('CUP', 0, 'x')"),
        ("LP001", "api.add_stock('CUP', 1, 'x', 1::smallint)"),
        ("LP001", "api.add_coupons('CUP', '{a}', 'x')"),
        ("LP021", "api.add_stock('JUG', 6, 'x')"),
        ("LP021", "api.add_coupons('JUG', '{a}', 'x')"),
        ("LP021", "api.change_reward('JUG', 'Jug', 1, 'active', 'x')"),
        ("LP003", "api.add_stock('CUP', 6, 'x', p_client => 'jifen')"),
        ("LP003", "api.add_stock('CUP', 6, 'x', p_client => 'nobody')"),
    ] {
        assert_eq!(sqlstate(client.batch_execute(&format!("select {call}")).await), expected, "{call}");
    }
    client.batch_execute("select api.change_reward('CUP', 'Cup', 1, 'retired', 'r')").await.unwrap();
    assert_eq!(
        sqlstate(client.batch_execute("select api.change_reward('CUP', 'Cup', 1, 'active', 'a')").await),
        "LP001"
    );
}

#[tokio::test]
async fn a_reward_that_makes_no_sense_is_refused_by_name() {
    let database = Database::new().await;
    let client = database.client().await;
    for (path, arguments) in [
        ("code", "'cup', 'Cup', 'goods', 1, 'k'"),
        ("name", "'CUP', '', 'goods', 1, 'k'"),
        ("price", "'CUP', 'Cup', 'goods', 0, 'k'"),
        ("stock", "'CUP', 'Cup', 'goods', 1, 'k', -1"),
        ("stock", "'CUP', 'Cup', 'coupon', 1, 'k', 1"),
        ("wallet", "'CUP', 'Cup', 'goods', 1, 'k', 1, 'gold'"),
        ("cash_amount", "'CUP', 'Cup', 'cash', 1, 'k'"),
        ("cash_amount", "'CUP', 'Cup', 'cash', 1, 'k', p_cash_amount => 0"),
        ("cash_amount", "'CUP', 'Cup', 'goods', 1, 'k', p_cash_amount => 1"),
        (
            "on_sale_until",
            "'CUP', 'Cup', 'goods', 1, 'k', p_on_sale_from => '2024-01-01', p_on_sale_until => '2024-01-01'",
        ),
        ("quota", "'CUP', 'Cup', 'goods', 1, 'k', p_quota => 0, p_quota_period => 'day'"),
        ("quota_period", "'CUP', 'Cup', 'goods', 1, 'k', p_quota => 1"),
        ("prizes", "'CUP', 'Cup', 'draw', 1, 'k'"),
        ("prizes", "'CUP', 'Cup', 'goods', 1, 'k', p_prizes => '[]'"),
        ("prizes", "'CUP', 'Cup', 'draw', 1, 'k', p_prizes => '[]'"),
        ("prizes", "'CUP', 'Cup', 'draw', 1, 'k', p_prizes => '[{\"name\": \"a\", \"weight\": 1, \"stock\": 1}]'"),
        ("prizes", "'CUP', 'Cup', 'draw', 1, 'k', p_prizes => '[{\"name\": \"a\", \"weight\": 0}]'"),
        ("prizes", "'CUP', 'Cup', 'draw', 1, 'k', p_prizes => '[{\"name\": \"a\", \"weight\": \"x\"}]'"),
        ("prizes", "'CUP', 'Cup', 'draw', 1, 'k', p_prizes => '[{\"weight\": 1}]'"),
    ] {
        let error = client.batch_execute(&format!("select api.create_reward({arguments})")).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        let detail: serde_json::Value = serde_json::from_str(error.detail().unwrap()).unwrap();
        assert_eq!((error.code().code(), detail["path"].as_str()), ("LP001", Some(path)), "{arguments}");
    }
}

/// The functions for psql are the same operations.
#[tokio::test]
async fn psql_redeems_fulfils_and_cancels() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    create(&client, "CUP", "goods", 30, ", 2").await;
    client.batch_execute("select api.adjust_points('zoe', 100, 'a', 'test')").await.unwrap();
    let redeem = "select (operation).id from api.redeem_reward('zoe', 'CUP', $1, 30)";
    let first: Uuid = client.query_one(redeem, &[&"r1"]).await.unwrap().get(0);
    let second: Uuid = client.query_one(redeem, &[&"r2"]).await.unwrap().get(0);
    client.execute("select api.fulfil_redemption('zoe', $1, 'f')", &[&first]).await.unwrap();
    client.execute("select api.cancel_redemption('zoe', $1, 'c')", &[&second]).await.unwrap();
    assert_eq!(sqlstate(client.execute("select api.cancel_redemption('zoe', $1, 'd')", &[&first]).await), "LP121");
    for (expected, arguments) in
        [("LP021", "'zoe', 'JUG', 'r3'"), ("LP023", "'zoe', 'CUP', 'r3', 31"), ("LP101", "'new', 'CUP', 'r3'")]
    {
        assert_eq!(sqlstate(client.batch_execute(&format!("select api.redeem_reward({arguments})")).await), expected);
    }
    let statuses = "select string_agg(status::text, ' ' order by closed_at) from api.redemption";
    assert_eq!(client.query_one(statuses, &[]).await.unwrap().get::<_, String>(0), "fulfilled cancelled");
}

#[tokio::test]
async fn a_frozen_member_redeems_nothing_and_may_be_paid_back() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "CUP", "goods", 30, ", 2").await;
    one(&client, Request::adjust("zoe", 100, "a"), None).await;
    one(&client, redeem("zoe", "CUP", "r"), None).await;
    let now: Option<DateTime<Utc>> = None;
    one(&client, Request { kind: Some(Kind::Freeze), points: None, ..Request::adjust("zoe", 1, "f") }, now).await;
    assert_eq!(code(&one(&client, redeem("zoe", "CUP", "r2"), None).await), Some("ACCOUNT_FROZEN"));
    assert_eq!(code(&one(&client, cancel("zoe", id_of("r"), "c"), None).await), None);
    assert_eq!(stock(&client, "CUP").await, 2);
}
