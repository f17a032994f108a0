//! Redemptions by many connections at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::{
    assert_laws, number,
    rewards::{cancel, create, id_of, redeem},
};
use crate::common::{Database, Request, execute};

/// What came of it: how often each refusal, or `done`.
type Counts = BTreeMap<String, usize>;

/// All requests at once, over so many connections, in batches of at most so many.
async fn race(database: &Database, requests: Vec<Request>, connections: usize, batch: usize) -> Counts {
    let barrier = Arc::new(Barrier::new(connections));
    let mut tasks = Vec::new();
    for number in 0..connections {
        let (client, barrier) = (database.client().await, Arc::clone(&barrier));
        let own: Vec<Request> = requests.iter().skip(number).step_by(connections).cloned().collect();
        tasks.push(tokio::spawn(async move {
            barrier.wait().await;
            let mut outcomes = Vec::new();
            for batch in own.chunks(batch) {
                outcomes.extend(execute(&client, batch, None).await);
            }
            outcomes
        }));
    }
    let mut counts = Counts::new();
    for task in tasks {
        for outcome in task.await.unwrap() {
            *counts.entry(outcome.refusal.unwrap_or_else(|| "done".to_owned())).or_default() += 1;
        }
    }
    counts
}

fn counts<const N: usize>(counts: [(&str, usize); N]) -> Counts {
    counts.map(|(what, count)| (what.to_owned(), count)).into()
}

/// So many members with 100 points each.
async fn buyers(client: &Client, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!("buyer-{number}")).collect();
    let grants: Vec<_> = names.iter().map(|name| Request::adjust(name, 100, "grant")).collect();
    for batch in grants.chunks(1_000) {
        execute(client, batch, None).await;
    }
    names
}

async fn stock_is_whole(client: &Client, reward: &str, added: i64) {
    let taken = format!("select count(*) from points.redemption where reward = '{reward}' and status <> 'cancelled'");
    let left = format!("select points.stock_left('{reward}')");
    assert_eq!(number(client, &taken).await + number(client, &left).await, added);
    assert_eq!(number(client, "select count(*) from points.stock_slice where remaining < 0").await, 0);
}

#[tokio::test]
async fn the_last_piece_goes_to_one() {
    let database = Database::new().await;
    let client = database.client().await;
    let names = buyers(&client, 16).await;
    for round in 0..12 {
        let reward = format!("LAST{round}");
        create(&client, &reward, "goods", 1, ", 1").await;
        let requests = names.iter().map(|name| redeem(name, &reward, &reward)).collect();
        assert_eq!(race(&database, requests, 16, 1).await, counts([("OUT_OF_STOCK", 15), ("done", 1)]));
        stock_is_whole(&client, &reward, 1).await;
    }
    assert_laws(&client).await;
}

async fn sell_out(buyers_count: usize, pieces: usize) {
    let database = Database::new().await;
    let client = database.client().await;
    let names = buyers(&client, buyers_count).await;
    create(&client, "HOT", "goods", 10, &format!(", {pieces}")).await;
    let requests: Vec<_> = names.iter().map(|name| redeem(name, "HOT", "hot")).collect();
    for (connections, batch) in [(8, 64), (1, 256)] {
        let begun = Instant::now();
        let found = race(&database, requests.clone(), connections, batch).await;
        let took = begun.elapsed();
        println!("{buyers_count} buyers, {pieces} pieces, {connections} connections, batches of {batch}: {took:?}");
        // the second time, all who got one are replays
        assert_eq!(found, counts([("OUT_OF_STOCK", buyers_count - pieces), ("done", pieces)]));
        assert!(took < Duration::from_secs(20), "{took:?}");
    }
    stock_is_whole(&client, "HOT", pieces as i64).await;
    let stored = "select count(*) from points.operation where kind = 'redeem'";
    assert_eq!(number(&client, stored).await, pieces as i64, "who got nothing left nothing behind");
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_hot_reward_sells_out_exactly() {
    sell_out(1_000, 30).await;
}

#[tokio::test]
#[ignore = "long"]
async fn ten_thousand_buyers_of_a_hundred_pieces() {
    sell_out(10_000, 100).await;
}

/// More rewards than one, in opposite orders, with cancellations in between, and stock that is always short.
#[tokio::test]
async fn sales_and_cancellations_in_any_order_do_not_deadlock() {
    let database = Database::new().await;
    let client = database.client().await;
    let names = buyers(&client, 24).await;
    for reward in ["ONE", "TWO", "THREE"] {
        create(&client, reward, "goods", 1, ", 20").await;
    }
    let mut tasks = Vec::new();
    for (number, name) in names.into_iter().enumerate() {
        let client = database.client().await;
        tasks.push(tokio::spawn(async move {
            for round in 0..8 {
                let mut rewards = ["ONE", "TWO", "THREE"];
                rewards.rotate_left(number % 3);
                if number % 2 == 0 {
                    rewards.reverse();
                }
                let key = |reward| format!("{round}-{reward}");
                let batch: Vec<_> = rewards.iter().map(|reward| redeem(&name, reward, &key(reward))).collect();
                for outcome in execute(&client, &batch, None).await {
                    assert!(matches!(outcome.refusal.as_deref(), None | Some("OUT_OF_STOCK")), "{outcome:?}");
                }
                for reward in &rewards[..2] {
                    execute(&client, &[cancel(&name, id_of(&key(reward)), &format!("c-{round}-{reward}"))], None).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    for reward in ["ONE", "TWO", "THREE"] {
        stock_is_whole(&client, reward, 20).await;
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn each_code_goes_to_one_member() {
    const CODES: usize = 150;
    let database = Database::new().await;
    let client = database.client().await;
    let names = buyers(&client, 200).await;
    create(&client, "CODE", "coupon", 1, "").await;
    let codes: Vec<String> = (0..CODES).map(|number| format!("code-{number}")).collect();
    client.execute("select api.add_coupons('CODE', $1, 'u')", &[&codes]).await.unwrap();
    let requests = names.iter().map(|name| redeem(name, "CODE", "r")).collect();
    let found = race(&database, requests, 16, 5).await;
    assert_eq!(found, counts([("OUT_OF_STOCK", 200 - CODES), ("done", CODES)]));
    let rows = client.query("select coupon from api.redemption", &[]).await.unwrap();
    let handed_out: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!((rows.len(), handed_out), (CODES, codes.into_iter().collect()));
    let pool = "select count(*) from points.coupon c join points.redemption r
        on r.bucket = c.redemption_bucket and r.account_id = c.account_id and r.id = c.redemption_id and r.coupon = c.code";
    assert_eq!(number(&client, pool).await, CODES as i64);
}

#[tokio::test]
async fn a_quota_holds_however_many_ask_at_once() {
    let database = Database::new().await;
    let client = database.client().await;
    buyers(&client, 1).await;
    create(&client, "CUP", "goods", 1, ", p_quota => 3, p_quota_period => 'ever'").await;
    let requests = (0..24).map(|number| redeem("buyer-0", "CUP", &format!("r{number}"))).collect();
    assert_eq!(race(&database, requests, 12, 1).await, counts([("LIMIT_REACHED", 21), ("done", 3)]));
    assert_eq!(number(&client, "select used::bigint from points.quota_use").await, 3);
}

#[tokio::test]
async fn no_prize_is_drawn_twice() {
    let database = Database::new().await;
    let client = database.client().await;
    let names = buyers(&client, 120).await;
    let prizes = r#", p_prizes => '[{"name": "TV", "weight": 50, "stock": 3}, {"name": "Sweet", "weight": 1}, {"name": "Pen", "weight": 50, "stock": 20}]'"#;
    create(&client, "DRAW", "draw", 1, prizes).await;
    let requests = names.iter().map(|name| redeem(name, "DRAW", "r")).collect();
    assert_eq!(race(&database, requests, 12, 3).await, counts([("done", 120)]));
    let given = client
        .query_one(
            "select count(*) filter (where prize = 1), count(*) filter (where prize = 3), bool_and(drawn = recomputed)
             from api.redemption",
            &[],
        )
        .await
        .unwrap();
    // 120 draws at even odds of 3 and of 20: all are gone, but for a chance of less than 10^-9
    assert_eq!((given.get::<_, i64>(0), given.get::<_, i64>(1), given.get::<_, bool>(2)), (3, 20, true));
    assert_eq!(number(&client, "select sum(stock)::bigint from api.prize where reward = 'DRAW'").await, 0);
}
