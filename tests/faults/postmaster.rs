//! A PostgreSQL server that is killed under load, and comes back.

use std::time::{Duration, Instant};

use super::{Load, Ways, make_key, many, own_server::OwnServer, seed};
use crate::{
    common::Random,
    graphql::{Gateway, until_within},
};

/// Sessions that carry out operations.
const BUSY: &str = "select count(*) from pg_stat_activity
    where application_name = 'jifen' and state = 'active' and query ~ 'api.execute'";

async fn kill(name: &str, wanted: usize) {
    let mut server = OwnServer::start(name, &[]).await;
    let client = server.client().await;
    let key = make_key(&client).await;
    let gateway = Gateway::over(server.url(), &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), 12);
    let mut random = Random::new(seed());
    let mut busy = 0;
    for round in 0..wanted {
        let done = load.done();
        let limit = Duration::from_secs(60);
        until_within(limit, "the gateway has come back by itself", async || load.done() > done + 20).await;
        tokio::time::sleep(Duration::from_millis(random.of(0..200) as u64)).await;
        let observer = server.client().await;
        // Looked for a while without a pause, as what it does is soon done.
        let looked = Instant::now();
        while looked.elapsed() < Duration::from_secs(5) {
            if observer.query_one(BUSY, &[]).await.unwrap().get::<_, i64>(0) > 0 {
                busy += 1;
                break;
            }
        }
        server.kill(round % 2 == 1).await;
        server.restart().await;
    }
    let record = load.end().await;
    record.report(&format!("the server killed {wanted} times, {busy} times while it carried out operations"));
    assert!(busy > 0);
    record.check(&server.client().await).await;
    server.stop().await;
}

#[tokio::test]
async fn killed_a_few_times() {
    kill("killed", 4).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn killed_hundreds_of_times() {
    kill("killed-often", many(200)).await;
}
