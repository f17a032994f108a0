//! A gateway that dies while it sends.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{http::StatusCode, response::IntoResponse};

use super::{
    Directory,
    program::{Serving, jifen},
};
use crate::{
    common::{Database, Receiver},
    graphql::{Gateway, until},
};

#[tokio::test]
async fn kill_9_in_the_middle_of_a_delivery_sends_it_again_under_the_same_id() {
    let directory = Directory::new("webhooks");
    let database = Database::new().await;
    let client = database.client().await;
    let answers = Arc::new(AtomicBool::new(false));
    let answering = answers.clone();
    let receiver =
        Receiver::start(move |_, _| answering.load(Ordering::Acquire).then(|| StatusCode::OK.into_response())).await;
    let create = "select secret from api.create_webhook('shop', $1, '{entry.booked}', 'k')";
    client.batch_execute("select api.set_webhooks(true, 7)").await.unwrap();
    let secret: String = client.query_one(create, &[&receiver.url("/")]).await.unwrap().get(0);

    let mut command = jifen(&["serve"]);
    command.env("DATABASE_URL", database.url());
    let serving = Serving::start(command, &directory.0);
    client
        .batch_execute("select api.earn_points('dora', 'SIGN_IN', 'a'); select api.earn_points('dora', 'SIGN_IN', 'b')")
        .await
        .unwrap();
    until("the first has come", async || receiver.got().len() == 1).await;
    serving.stop("KILL");

    answers.store(true, Ordering::Release);
    let _gateway = Gateway::over(&database.url(), "no key").await;
    // as if half a minute had passed
    client
        .batch_execute("update points.webhook_delivery set due_at = now() where claimed_at is not null")
        .await
        .unwrap();
    let delivered = "select count(*) from points.webhook_delivery where state = 'delivered'";
    until("both are delivered", async || client.query_one(delivered, &[]).await.unwrap().get::<_, i64>(0) == 2).await;
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert_eq!((&got[0].id, &got[0].body), (&got[1].id, &got[1].body));
    assert_eq!(got[2].json()["data"]["seq"], 2);
    assert!(got.iter().all(|received| received.is_signed_by(&secret)));
}
