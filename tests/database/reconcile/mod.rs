//! The reconciler finds whatever is done to the rows behind its back, and nothing else.

mod damages;
mod discrepancies;
mod incremental;
mod missing;
mod runs;

use std::time::{Duration, SystemTime};

use tokio_postgres::Client;

use super::{number, one};
use crate::common::{Database, Request, instant};

/// Takes steps of a run until it has ended, in this session alone.
async fn run(client: &Client, mode: &str) {
    for _ in 0..500 {
        let sql = "select * from points.run_step($1::text::points.reconciliation_mode, 100000, null)";
        let row = client.query_one(sql, &[&mode]).await.unwrap();
        if row.get::<_, Option<SystemTime>>("due_since").is_none() {
            return;
        }
        if row.get::<_, i32>("done") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    panic!("the run does not end");
}

/// Proves everything, and again as long as a transaction of some other test is older than all that, so that nothing is settled
/// when a run begins or when it ends.
async fn prove(client: &Client) {
    for _ in 0..1000 {
        run(client, "full").await;
        let settled = "select count(*) from points.reconciliation_run where proven_up_to is not null
            and exists (select from points.key_proof)";
        if number(client, settled).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nothing settles");
}

/// What is found now, as check, member and subject.
async fn discrepancies(client: &Client) -> Vec<(String, Option<String>, String)> {
    let sql = "select check_name, user_id, subject from api.discrepancy where closed_at is null order by id";
    client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// Proves everything, in full and as incremental runs do (all of it, and the later half), and fails with what is found. Tests book in months without a
/// partition, and change tables; they move the clock, too, so that what they book may lie before what an earlier run proved.
pub async fn assert_reconciled(client: &Client) {
    client.batch_execute("delete from points.key_proof").await.unwrap();
    run(client, "full").await;
    let sql = "select concat_ws(' ', d.check_name, d.user_id, d.account_id, d.subject, d.evidence)
        from api.discrepancy d
        where d.closed_at is null and d.check_name not in ('partitions_are_there', 'guards_are_in_place')
        union all
        select concat_ws(' ', 'since', s.since, f.check_name, f.account_id, f.subject, f.evidence)
        from (
            values ('-infinity'::timestamptz), ((select percentile_disc(0.5) within group (order by o.recorded_at) from points.operation o))
        ) as s(since)
        cross join lateral points.prove_changed(array(select l.bucket from points.lane l), -1, 9223372036854775807, s.since) p
        cross join lateral unnest(p.findings) f";
    let found: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// A world in which there is something of everything, with an archived month.
async fn world() -> Database {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(include_str!("world.sql")).await.unwrap();
    client.batch_execute("set role jifen_owner; select points.make_partitions(30, '2024-01-10')").await.unwrap();
    client.batch_execute("reset role").await.unwrap();
    let then = Some(instant("2024-01-10T12:00:00Z"));
    one(&client, Request::earn("old", "ORDER", "old-1").amount("70"), then).await;
    one(&client, Request::spend("old", 70, "old-2"), then).await;
    client.batch_execute("set role jifen_owner").await.unwrap();
    for _ in 0..2 {
        client.batch_execute("select points.archive_step(1, '2025-03-01')").await.unwrap();
    }
    assert_eq!(number(&client, "select count(*) from points.entry_archive").await, 2);
    database
}
