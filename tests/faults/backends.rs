//! Sessions of a gateway that PostgreSQL ends: pg_terminate_backend, at any moment.

use std::time::Duration;

use super::{Load, Ways, make_key, many, seed};
use crate::{
    common::{Database, Random},
    graphql::Gateway,
};

/// Those of the gateway: of lanes, of reads, of the jobs, of the feed. Busy ones first.
const SESSIONS: &str = "select pid from pg_stat_activity
    where datname = current_database() and application_name = 'jifen' and usename = current_user
        and query !~ 'pg_terminate_backend' and pid <> pg_backend_pid()
    order by state = 'active' desc, pid";

/// Whether it was carrying out operations, and was there.
const TERMINATE: &str =
    "select a.state = 'active' and a.query ~ 'api.execute', pg_terminate_backend(a.pid) from pg_stat_activity a
    where a.pid = $1 and a.datname = current_database()";

async fn terminate(wanted: usize) {
    let database = Database::new().await;
    let client = database.client().await;
    let key = make_key(&client).await;
    let gateway = Gateway::over(&database.url(), &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), 12);
    let mut random = Random::new(seed());
    let (mut terminated, mut busy) = (0, 0);
    while terminated < wanted {
        tokio::time::sleep(Duration::from_millis(random.of(5..80) as u64)).await;
        let sessions = client.query(SESSIONS, &[]).await.unwrap();
        if sessions.is_empty() {
            continue;
        }
        // One of all, or more often one of those that come first.
        let last = if random.of(0..3) == 0 { sessions.len() } else { sessions.len().min(3) };
        let pid: i32 = sessions[random.of(0..last as i64) as usize].get(0);
        if let Some(row) = client.query_opt(TERMINATE, &[&pid]).await.unwrap()
            && row.get(1)
        {
            terminated += 1;
            busy += usize::from(row.get::<_, Option<bool>>(0) == Some(true));
        }
    }
    let record = load.end().await;
    record.report(&format!("{terminated} sessions terminated, {busy} of them while they carried out operations"));
    assert!(busy > 0);
    record.check(&client).await;
}

#[tokio::test]
async fn a_few_terminated() {
    terminate(40).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn a_thousand_terminated() {
    terminate(many(1000)).await;
}
