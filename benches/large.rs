//! A ledger of many accounts with a long history: governed awards beside those on the small one, in the same run, and the
//! reconciler over all of it.

use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio_postgres::Client;

use crate::MAX_WAL_GB;
use crate::Result;
use crate::govern::Rules;
use crate::history::History;
use crate::load::{self, Load};
use crate::reconcile::{forget_proofs, reconcile};
use crate::report::{Report, Row, Target, say};
use crate::requests::Kind;
use crate::world::World;

const GB: f64 = 1e9;
/// Of the tables, what the server keeps of WAL, about: [`World::settle`] changes nearly half a dozen pages for each twentieth
/// account, and there is no checkpoint afterwards.
const WAL: f64 = 0.6;
/// Of the tables, what the measurements and pgbench take beside the history.
const REST: f64 = 0.1;
/// The same where the history is small.
const WAL_GB: f64 = 8.0;
const REST_GB: f64 = 4.0;
/// Jobs that look at the whole ledger may take so long.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Says what the history will take of the disk. Fails where there is not as much.
pub async fn check_room(world: &World, history: &History) -> Result<()> {
    let tables = history.bytes() as f64 / GB;
    // A row and its part of the indexes are in the WAL about twice, some pages as a whole, until the next checkpoint.
    let wal = (WAL * tables).max((2.0 * tables).min(WAL_GB)).min(MAX_WAL_GB as f64 * 1.1);
    let rest = (REST * tables).max(REST_GB);
    let wanted = tables + wal + rest;
    let free = free_bytes(world).await? / GB;
    let text = format!(
        "{} entries of {} accounts take about {tables:.1} GB of tables and indexes, {wal:.1} GB of WAL and {rest:.1} GB of \
         other things: {wanted:.1} GB; {} has {free:.0} GB",
        history.entries(),
        history.accounts(),
        world.scratch().display()
    );
    if wanted > free {
        return Err(format!("{text}, which is not enough: see --data-dir, --large-accounts, --large-entries").into());
    }
    say(text);
    Ok(())
}

async fn free_bytes(world: &World) -> Result<f64> {
    let output = Command::new("df").arg("-Pk").arg(world.scratch()).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let kilobytes = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<f64>().ok());
    Ok(kilobytes.ok_or_else(|| format!("df says nothing of what is free: {text}"))? * 1024.0)
}

async fn awards(world: &World, report: &mut Report) -> Result<Load> {
    let rules = Rules::begin(world).await?;
    let name = format!("governed earnPoints on {} accounts, 256 connections", world.scale.accounts);
    let load = load::http(world, report, &name, Kind::Earn, 256).await?;
    rules.end().await?;
    Ok(load)
}

/// Many are due after such a time without a gateway, all at once, and some of them read the whole ledger.
async fn run_jobs(world: &World, client: &Client) -> Result<()> {
    for job in client.query("select name from api.job where enabled and schedule like 'PT%' order by name", &[]).await?
    {
        world.run_job(job.get(0)).await?;
    }
    Ok(())
}

/// Waits until the gateway has done what else is due.
async fn await_jobs(client: &Client, report: &mut Report) -> Result<()> {
    say("waiting until no job is due");
    let sql = "select coalesce(string_agg(name, ', ' order by name), '') from api.job
        where enabled and (next_run_at is null or next_run_at <= now() or started_at is not null and ended_at is null)";
    let begun = Instant::now();
    loop {
        let due: String = client.query_one(sql, &[]).await?.get(0);
        if due.is_empty() {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            report.problem(format!("jobs were due or under way while the large ledger was measured: {due}"));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub async fn measure(world: &mut World, report: &mut Report, history: &History) -> Result<()> {
    let client = world.connect().await?;
    // What is written straight into the tables is not sealed, and who seals an account seals all of it.
    client.query("select from api.set_job('seal', 'PT1M', false, 'bench large')", &[]).await?;
    let small = awards(world, report).await?;

    // Without a gateway no job looks at a half of it.
    world.stop_gateway().await?;
    let before = world.disk_bytes().await?;
    let begun = Instant::now();
    history.make(world).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = (world.disk_bytes().await? - before) as f64;
    report.add(Row::new(
        "entries of a history, straight into the tables",
        history.entries() as f64 / seconds,
        "entries/s",
    ));
    world.grow(history.numbers.end).await?;
    world.settle(report).await?;
    run_jobs(world, &client).await?;
    report.detail(Row::new("the history on disk", bytes / history.entries() as f64, "bytes/entry"));

    world.start_gateway().await?;
    await_jobs(&client, report).await?;
    let large = awards(world, report).await?;
    report.add(small.row("awards/s"));
    report.add(large.row("awards/s").against(small.per_second).wants(Target::AtLeast(0.8)));
    for load in [&small, &large] {
        load.details(report, "us/award");
        load.bytes(report);
        load.work(report);
    }
    world.stop_gateway().await?;
    forget_proofs(&client).await?;
    say("reconciling all of it");
    let (said, usage) = reconcile(world, report, true).await?;
    let entries = said["entries"].as_f64().unwrap_or_default();
    if entries < history.entries() as f64 {
        report.problem(format!("a full reconciliation read {entries} of at least {} entries", history.entries()));
    }
    report.add(Row::new(format!("full reconciliation of {entries} entries"), usage.seconds, "s"));
    Ok(())
}
