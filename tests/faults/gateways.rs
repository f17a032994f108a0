//! Gateways that are killed with operations in flight, while their callers go on at another one.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{Load, Ways, make_key, many, seed};
use crate::{
    common::{Database, Random},
    graphql::until_within,
    process::{
        Directory, is_running,
        program::{Serving, jifen},
    },
};

/// Sessions that carry out operations for a gateway.
const BUSY: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and application_name = $1 and state = 'active' and query ~ 'api.execute'";

/// The program, as a process of its own.
fn start(database: &Database, directory: &Directory, name: &str) -> Serving {
    let mut command = jifen(&["serve"]);
    command
        .env("DATABASE_URL", format!("{}&application_name={name}", database.url()))
        .env("JIFEN_DATA_DIR", directory.data());
    Serving::start(command, &directory.0)
}

async fn kill(wanted: usize) {
    let database = Database::new().await;
    let client = database.client().await;
    let key = make_key(&client).await;
    let directory = Directory::new("faults-gateways");
    let names = ["gateway-0", "gateway-1"];
    let mut gateways = names.map(|name| start(&database, &directory, name));
    let addresses: Vec<SocketAddr> = gateways.iter().map(Serving::address).collect();
    let ways = Ways::breaking(&addresses, &key);
    let load = Load::start(Arc::clone(&ways), 16);
    let mut random = Random::new(seed());
    let (mut busy, mut in_flight) = (0, 0);
    for round in 0..wanted {
        let victim = round % 2;
        tokio::time::sleep(Duration::from_millis(random.of(0..60) as u64)).await;
        let under_way = &ways.under_way[victim];
        until_within(Duration::from_secs(30), "it is at work", async || under_way.load(Ordering::SeqCst) > 2).await;
        // Looked for a while, as what it does is soon done.
        for _ in 0..200 {
            if client.query_one(BUSY, &[&names[victim]]).await.unwrap().get::<_, i64>(0) > 0 {
                busy += 1;
                break;
            }
        }
        in_flight += under_way.load(Ordering::SeqCst);
        let id = gateways[victim].id();
        gateways[victim].kill();
        ways.set(victim, None);
        assert!(!is_running(id));
        // Its start is waited for by a thread, as its callers are to go on.
        gateways[victim] = tokio::task::block_in_place(|| start(&database, &directory, names[victim]));
        ways.set(victim, Some(gateways[victim].address()));
    }
    let record = load.end().await;
    record.report(&format!(
        "{wanted} gateways killed, {busy} of them while PostgreSQL worked for them, {in_flight} requests in flight"
    ));
    assert!(busy > 0 && record.tally.broken > 0);
    record.check(&client).await;
    let ids = gateways.each_ref().map(Serving::id);
    drop(gateways);
    assert!(!ids.into_iter().any(is_running));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_killed() {
    kill(6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn hundreds_killed() {
    kill(many(500)).await;
}
