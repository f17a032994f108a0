//! Connections to PostgreSQL that are cut, fall silent or are late, just when operations are on their way.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{Load, Ways, clients::KEYS, make_key, many, seed};
use crate::{
    common::{Database, Fault, Proxy, Random},
    graphql::{Gateway, until_within},
};

/// What befalls operations on their way: mostly nothing.
fn choose(random: &mut Random) -> Option<Fault> {
    match random.of(0..400) {
        0..40 => Some(Fault::CutBefore),
        40..80 => Some(Fault::CutMeanwhile),
        80..120 => Some(Fault::CutAfter),
        120 => Some(Fault::SilentBefore),
        121 => Some(Fault::SilentAfter),
        122..200 => Some(Fault::Late(random.of(1..60) as u64)),
        _ => None,
    }
}

fn cuts(met: &BTreeMap<Fault, usize>) -> usize {
    met.iter().filter(|(fault, _)| !matches!(fault, Fault::Late(_))).map(|(_, count)| count).sum()
}

/// Until so many connections were cut or fell silent.
async fn lose(wanted: usize) {
    let database = Database::new().await;
    let client = database.client().await;
    let key = make_key(&client).await;
    let (random, over) = (Mutex::new(Random::new(seed())), Arc::new(AtomicBool::new(false)));
    let proxy = Proxy::start(&database.url(), {
        let over = over.clone();
        move |request| {
            let operations = request.windows(KEYS.len()).any(|window| window == KEYS.as_bytes());
            let befalls = operations && !over.load(Ordering::Relaxed);
            befalls.then(|| choose(&mut random.lock().unwrap())).flatten()
        }
    })
    .await;
    let gateway = Gateway::over(&proxy.url(), &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), 16);
    let limit = Duration::from_secs(60 + wanted as u64);
    until_within(limit, "enough was lost", async || cuts(&proxy.met()) >= wanted).await;
    over.store(true, Ordering::Relaxed);
    let record = load.end().await;
    let met = proxy.met();
    record.report(&format!("{met:?}"));
    for fault in [Fault::CutBefore, Fault::CutMeanwhile, Fault::CutAfter, Fault::Late(0)] {
        assert!(met.contains_key(&fault), "{fault:?} did not come: {met:?}");
    }
    record.check(&client).await;
}

#[tokio::test]
async fn a_few_lost() {
    lose(60).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn thousands_lost() {
    lose(many(2000)).await;
}
