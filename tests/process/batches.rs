//! A gateway that dies, or is stopped, while it carries a batch out.

use serde_json::{Value, json};

use super::{
    Directory,
    program::{Serving, jifen},
};
use crate::{
    common::Database,
    database::assert_laws,
    graphql::{Gateway, hold_up, members, until, until_held_up},
};

const KEY: &str = "a-key-to-develop-with";

#[tokio::test]
async fn kill_9_in_the_middle_of_a_batch_loses_nothing_and_doubles_nothing() {
    let directory = Directory::new("batches");
    let database = Database::new().await;
    let (client, mut blocker) = (database.client().await, database.client().await);
    let mut command = jifen(&["serve"]);
    command.env("DATABASE_URL", database.url()).env("JIFEN_DEV_KEY", KEY);
    let serving = Serving::start(command, &directory.0);
    let gateway = serving.gateway();
    let users: Vec<String> = (0..8).map(|bucket| members(bucket, 1).remove(0)).collect();
    gateway.sign_in(&users[0], "first").await.unwrap();
    // the lane of one member stands still, and the others go on
    hold_up(&mut blocker, &users[0]).await;
    let operations: Vec<Value> = (0..1200)
        .map(|number| json!({ "earn": { "userId": users[number % 8], "rule": "SIGN_IN", "idempotencyKey": format!("k{number}") } }))
        .collect();
    let ticket = gateway.submit("a", &operations).await;
    until_held_up(&client).await;
    let booked = "select count(*) from points.operation where idempotency_key like 'k%'";
    until("the other lanes are done with the piece", async || {
        client.query_one(booked, &[]).await.unwrap().get::<_, i64>(0) >= 400
    })
    .await;
    serving.stop("KILL");
    blocker.batch_execute("rollback").await.unwrap();

    let second = Gateway::over(&database.url(), KEY).await;
    // as if a minute had passed
    client.batch_execute("update points.batch set due_at = queued_at where due_at is not null").await.unwrap();
    let done = second.until_done(&ticket).await;
    assert_eq!((&done["done"], &done["waiting"]), (&json!(1200), &json!(0)));
    assert_eq!(client.query_one(booked, &[]).await.unwrap().get::<_, i64>(0), 1200);
    for user in &users {
        let extra = i64::from(user == &users[0]) * 5;
        assert_eq!(second.available(user).await, 150 * 5 + extra, "{user}");
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_gateway_that_is_stopped_gives_back_what_another_then_carries_out() {
    let directory = Directory::new("batches-stop");
    let database = Database::new().await;
    let (client, mut blocker) = (database.client().await, database.client().await);
    let mut command = jifen(&["serve"]);
    command.env("DATABASE_URL", database.url()).env("JIFEN_DEV_KEY", KEY);
    let serving = Serving::start(command, &directory.0);
    let gateway = serving.gateway();
    gateway.sign_in("dora", "first").await.unwrap();
    hold_up(&mut blocker, "dora").await;
    let operations: Vec<Value> = (0..600)
        .map(
            |number| json!({ "earn": { "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": format!("k{number}") } }),
        )
        .collect();
    let ticket = gateway.submit("a", &operations).await;
    until_held_up(&client).await;
    assert_eq!(serving.stop("TERM").code(), Some(0));
    blocker.batch_execute("rollback").await.unwrap();

    // within half the minute that a piece of one who has died is waited for
    let second = Gateway::over(&database.url(), KEY).await;
    let done = second.until_done(&ticket).await;
    assert_eq!((&done["done"], &done["waiting"]), (&json!(600), &json!(0)));
    assert_eq!(second.available("dora").await, 601 * 5);
    assert_laws(&client).await;
}
