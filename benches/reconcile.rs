//! The reconciler over a ledger with a history: all of it, beside one sum over the same entries, and what is new.

use std::process::Stdio;

use jifen::operation::OperationKind;
use serde_json::Value;
use tokio::process::Command;
use tokio_postgres::Client;

use crate::Result;
use crate::history::{History, Lots};
use crate::report::{Report, Row, Target, say};
use crate::requests::user_id;
use crate::sql::Caller;
use crate::usage::Usage;
use crate::world::World;

/// Entries of each account of the history.
const ROUNDS: u64 = 10;
/// Entries that an incremental run proves, at least.
const NEW: usize = 100_000;
/// In one call of the engine.
const BATCH: usize = 500;
/// Seconds that an incremental run may take.
const AT_MOST: f64 = 1.0;

/// Its sums are asked for, or the planner would leave them out.
const BASELINE: &str = "select count(*), sum(s.points) from (
        select bucket, account_id, sum(pending_delta + available_delta + held_delta - debt_delta) as points
        from points.entry group by bucket, account_id
    ) s";

/// `jifen reconcile`: what it says, and what it took.
pub async fn reconcile(world: &World, report: &mut Report, full: bool) -> Result<(Value, Usage)> {
    let before = world.sample().await?;
    let output = Command::new(env!("CARGO_BIN_EXE_jifen"))
        .args(["reconcile", "--json"])
        .args(full.then_some("--full"))
        .env("DATABASE_URL", world.database_url())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    let usage = world.sample().await? - before;
    let said: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    if said["discrepancies"] != 0 {
        report.problem(format!("the reconciler says that the books are wrong: {said}"));
    }
    Ok((said, usage))
}

/// A history is dated back to when a job may have looked at all keys there were.
pub async fn forget_proofs(client: &Client) -> Result<()> {
    Ok(client.batch_execute("delete from points.key_proof").await?)
}

async fn sum_up(world: &World, client: &Client) -> Result<Usage> {
    let before = world.sample().await?;
    client.query_one(BASELINE, &[]).await?;
    Ok(world.sample().await? - before)
}

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let client = world.connect().await?;
    let history = History::new(world.scale.accounts, world.scale.entries / ROUNDS, world.scale.entries, Lots::All)?;
    history.make(world).await?;
    say("vacuum analyze, checkpoint");
    client.batch_execute("vacuum (analyze)").await?;
    client.batch_execute("checkpoint").await?;
    // As the gateway does every five minutes: that vacuum may have cancelled autovacuum amid an index.
    world.run_job("mend_indexes").await?;

    forget_proofs(&client).await?;
    say("reconciling all of it");
    sum_up(world, &client).await?;
    let first = sum_up(world, &client).await?;
    // The first one hashes all keys; the next ones those that are new.
    let (_, initial) = reconcile(world, report, true).await?;
    let (said, full) = reconcile(world, report, true).await?;
    let second = sum_up(world, &client).await?;
    let entries = said["entries"].as_f64().unwrap_or_default();
    let sum = (first.seconds + second.seconds) / 2.0;
    report.add(Row::new(format!("sum of {entries} entries by account (mean of 2)"), sum, "s"));
    report.add(Row::new("full reconciliation, the first one", initial.seconds, "s").against(sum));
    report.add(Row::new("full reconciliation", full.seconds, "s").against(sum).wants(Target::AtMost(3.0)));
    if let (Some(first), Some(initial), Some(full), Some(second)) = (first.cpu, initial.cpu, full.cpu, second.cpu) {
        let sum = (first.postgres + second.postgres) / 2.0;
        report.add(Row::new("full reconciliation, the first one: CPU", initial.postgres, "s").against(sum));
        report.add(Row::new("full reconciliation: CPU", full.postgres, "s").against(sum));
    }
    full.report_cpu(report, "full reconciliation", entries, "us/entry");

    // What an earlier run may have left to do is done before the new entries are there.
    reconcile(world, report, false).await?;
    let measurement = world.next_measurement();
    let mut members: Vec<Vec<i32>> = vec![Vec::new(); world.members.len()];
    let user_ids: Vec<String> = history.numbers.clone().take(NEW).map(user_id).collect();
    let buckets =
        "select points.bucket(user_id, 'points') from unnest($1::text[]) with ordinality as u(user_id, no) order by no";
    for (number, row) in history.numbers.zip(client.query(buckets, &[&user_ids]).await?) {
        members[usize::try_from(row.get::<_, i16>(0))?].push(i32::try_from(number)?);
    }
    let times = NEW.div_ceil(user_ids.len());
    let booked = times * user_ids.len();
    say(format!("booking {booked} entries"));
    for (bucket, members) in members.iter().enumerate() {
        let mut caller = Caller::connect(world, measurement, bucket).await?;
        for chunk in std::iter::repeat_n(members, times).flat_map(|members| members.chunks(BATCH)) {
            caller.send(OperationKind::Earn, chunk.iter().copied()).await?;
        }
    }
    let (said, incremental) = reconcile(world, report, false).await?;
    let entries = said["entries"].as_f64().unwrap_or_default();
    if entries < booked as f64 {
        report.problem(format!("an incremental run read {entries} of {booked} new entries"));
    }
    let name = format!("incremental reconciliation of {entries} entries");
    report.add(Row::new(&name, incremental.seconds, "s").against(AT_MOST).wants(Target::AtMost(1.0)));
    incremental.report_cpu(report, &name, entries, "us/entry");
    Ok(())
}
