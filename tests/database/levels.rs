use tokio_postgres::Client;

use super::{make_rule, one};
use crate::common::{Database, Request, execute};

/// Each change: its entry, the level before, the level from then on.
async fn changes(client: &Client) -> Vec<(i64, Option<String>, Option<String>)> {
    let rows = client
        .query(
            "select c.seq, c.previous, c.level from points.level_change c
             join points.account a on a.bucket = c.bucket and a.id = c.account_id
             where a.user_id = 'zoe' order by c.seq",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

fn change(seq: i64, previous: &str, level: &str) -> (i64, Option<String>, Option<String>) {
    (seq, Some(previous.to_owned()), Some(level.to_owned()))
}

async fn member_of_free_points(client: &Client) {
    make_rule(client, "FREE", "basis, rounding, pending_days", "'given', 'down', 0").await;
}

#[tokio::test]
async fn the_level_is_reached_with_the_point_that_reaches_its_threshold() {
    let database = Database::new().await;
    let client = database.client().await;
    member_of_free_points(&client).await;
    let below = one(&client, Request::earn("zoe", "FREE", "a").points(999), None).await;
    assert_eq!(below.account.unwrap().level.as_deref(), Some("NORMAL"));
    assert_eq!(changes(&client).await, []);
    let reached = one(&client, Request::earn("zoe", "FREE", "b").points(1), None).await;
    assert_eq!(reached.account.unwrap().level.as_deref(), Some("VIP1"));
    assert_eq!(changes(&client).await, [change(2, "NORMAL", "VIP1")]);
}

#[tokio::test]
async fn one_earn_may_pass_several_levels() {
    let database = Database::new().await;
    let client = database.client().await;
    member_of_free_points(&client).await;
    one(&client, Request::earn("zoe", "FREE", "a").points(7_000), None).await;
    assert_eq!(changes(&client).await, [change(1, "NORMAL", "VIP2")]);
}

#[tokio::test]
async fn each_change_within_a_batch_names_its_own_entry() {
    let database = Database::new().await;
    let client = database.client().await;
    member_of_free_points(&client).await;
    let requests: Vec<Request> =
        (0..8).map(|number| Request::earn("zoe", "FREE", &number.to_string()).points(1_500)).collect();
    let outcomes = execute(&client, &requests, None).await;
    assert_eq!(outcomes[7].account.as_ref().unwrap().level.as_deref(), Some("VIP3"));
    assert_eq!(
        changes(&client).await,
        [change(1, "NORMAL", "VIP1"), change(4, "VIP1", "VIP2"), change(7, "VIP2", "VIP3")]
    );
}

#[tokio::test]
async fn spending_and_adjusting_leave_the_level_alone() {
    let database = Database::new().await;
    let client = database.client().await;
    member_of_free_points(&client).await;
    one(&client, Request::earn("zoe", "FREE", "a").points(1_200), None).await;
    one(&client, Request::adjust("zoe", 50_000, "b"), None).await;
    let outcome = one(&client, Request::spend("zoe", 51_000, "c"), None).await;
    assert_eq!(outcome.account.unwrap().level.as_deref(), Some("VIP1"));
    assert_eq!(changes(&client).await.len(), 1);
}

#[tokio::test]
async fn a_wallet_without_levels_has_none() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    let request = Request { wallet: Some("coins".to_owned()), ..Request::earn("zoe", "TASK", "a").points(1_000) };
    assert_eq!(one(&client, request, None).await.account.unwrap().level, None);
    assert_eq!(changes(&client).await, []);
}

#[tokio::test]
async fn below_the_lowest_threshold_there_is_no_level() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "insert into points.wallet values ('coins', 'Coins');
             insert into points.level values ('coins', 'GOLD', 'Gold', 10)",
        )
        .await
        .unwrap();
    let coins = |key: &str| Request { wallet: Some("coins".to_owned()), ..Request::earn("zoe", "TASK", key).points(9) };
    assert_eq!(one(&client, coins("a"), None).await.account.unwrap().level, None);
    assert_eq!(one(&client, coins("b"), None).await.account.unwrap().level.as_deref(), Some("GOLD"));
    assert_eq!(changes(&client).await, [(2, None, Some("GOLD".to_owned()))]);
}
