//! `jifen reconcile`: proves the books in the foreground, over several connections.

use std::{io::IsTerminal, time::Duration};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream::FuturesUnordered};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::say;
use crate::{
    config::Reconcile,
    database::{self, Config, Unreachable},
    error,
};

/// Others work on what is left.
const PAUSE: Duration = Duration::from_millis(100);
/// Discrepancies that are printed.
const SHOWN: i64 = 100;

/// Why reconciling failed. Discrepancies are no failure.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// There is no connection.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// PostgreSQL refused it.
    #[error("{}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
}

/// Takes part in a run until it has ended, and says what it found. True: there are no discrepancies.
pub async fn reconcile(config: &Config, options: &Reconcile) -> Result<bool, ReconcileError> {
    let mode = if options.full { "full" } else { "incremental" };
    let client = database::open(config).await?;
    let bar = progress(options.json);
    // One begins and plans, so that the others find something to do.
    let mut run = None;
    for _ in 0..2 {
        run = step(&client, mode, &bar).await?.map(|(run, _)| run).or(run);
    }
    let mut lanes: FuturesUnordered<_> =
        (0..options.lanes).map(|lane| join(config, (lane == 0).then_some(&client), lane, mode, run, &bar)).collect();
    // Whoever sees the end sees it for all: the others have nothing left to do but to wait.
    let run = lanes.next().await.transpose()?.flatten();
    drop(lanes);
    bar.finish_and_clear();
    report(&client, run, options.json).await
}

fn progress(json: bool) -> ProgressBar {
    let bar = ProgressBar::new(1);
    if json || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    // A template without variables of its own cannot fail; the default does as well.
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} chunks, {msg} {elapsed}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// A step of the run: its number, and whether there was something to do. None: somebody else begins it.
async fn step(client: &Client, mode: &str, bar: &ProgressBar) -> Result<Option<(i64, bool)>, ReconcileError> {
    let Some(row) = client.query_opt("select * from api.take_reconcile_step($1)", &[&mode]).await? else {
        return Ok(None);
    };
    let count = |column: &str| row.get::<_, i64>(column).unsigned_abs();
    if count("chunks") > 0 {
        bar.set_length(count("chunks"));
        bar.set_position(count("chunks_done"));
    }
    bar.set_message(format!("{} discrepancies,", count("discrepancies")));
    Ok(Some((row.get("run"), row.get::<_, i32>("done") > 0)))
}

/// Takes part once there are chunks enough, over a connection of its own where none is given. The last chunk is small,
/// and not worth one.
async fn join(
    config: &Config,
    client: Option<&Client>,
    lane: u16,
    mode: &str,
    run: Option<i64>,
    bar: &ProgressBar,
) -> Result<Option<i64>, ReconcileError> {
    if let Some(client) = client {
        return work(client, mode, run, bar).await;
    }
    while bar.length().unwrap_or(0).saturating_sub(bar.position()) <= u64::from(lane) + 1 {
        tokio::time::sleep(PAUSE).await;
    }
    work(&database::open(config).await?, mode, run, bar).await
}

/// Takes steps until the run has ended, whoever ends it.
async fn work(client: &Client, mode: &str, run: Option<i64>, bar: &ProgressBar) -> Result<Option<i64>, ReconcileError> {
    let mut run = run;
    loop {
        let ended = "select from api.reconciliation_run where id = $1 and ended_at is not null";
        if client.query_opt(ended, &[&run]).await?.is_some() {
            return Ok(run);
        }
        match step(client, mode, bar).await? {
            Some((this, true)) => run = run.or(Some(this)),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn report(client: &Client, run: Option<i64>, as_json: bool) -> Result<bool, ReconcileError> {
    let row = client.query_one("select * from api.reconciliation_run where id = $1", &[&run]).await?;
    let proven: Option<DateTime<Utc>> = row.get("proven_up_to");
    let (accounts, entries): (i64, i64) = (row.get("accounts"), row.get("entries"));
    let there = "select count(*) from api.discrepancy where closed_at is null";
    let count: i64 = client.query_one(there, &[]).await?.get(0);
    let discrepancies = client
        .query("select * from api.discrepancy where closed_at is null order by id desc limit $1", &[&SHOWN])
        .await?;
    if as_json {
        let found: Vec<Value> = discrepancies
            .iter()
            .map(|row| {
                json!({
                    "id": row.get::<_, i64>("id"), "check": row.get::<_, &str>("check_name"),
                    "law": row.get::<_, &str>("law"), "userId": row.get::<_, Option<&str>>("user_id"),
                    "wallet": row.get::<_, Option<&str>>("wallet"), "bucket": row.get::<_, Option<i16>>("account_bucket"),
                    "accountId": row.get::<_, Option<i64>>("account_id"), "subject": row.get::<_, &str>("subject"),
                    "state": row.get::<_, &str>("state"), "evidence": row.get::<_, Value>("evidence"),
                })
            })
            .collect();
        let checks =
            client.query("select name, discrepancies from api.reconciliation_check order by name", &[]).await?;
        let checks: serde_json::Map<String, Value> =
            checks.iter().map(|row| (row.get("name"), json!(row.get::<_, i64>("discrepancies")))).collect();
        say(json!({
            "run": run, "mode": row.get::<_, &str>("mode"), "startedAt": row.get::<_, DateTime<Utc>>("started_at"),
            "endedAt": row.get::<_, Option<DateTime<Utc>>>("ended_at"), "provenUpTo": proven, "accounts": accounts,
            "entries": entries, "trialBalance": row.get::<_, Option<Value>>("trial"), "checks": checks,
            "discrepancies": count, "found": found,
        }));
    } else {
        for row in &discrepancies {
            let whose = match (row.get::<_, Option<&str>>("user_id"), row.get::<_, Option<i64>>("account_id")) {
                (Some(user_id), _) => {
                    format!(" of {user_id} in {}", row.get::<_, Option<&str>>("wallet").unwrap_or("-"))
                }
                (None, Some(id)) => format!(" of account {id}"),
                (None, None) => String::new(),
            };
            say(format_args!(
                "{} {}{whose} {}: {}\n    {}",
                row.get::<_, i64>("id"),
                row.get::<_, &str>("check_name"),
                row.get::<_, &str>("subject"),
                row.get::<_, &str>("law"),
                row.get::<_, Value>("evidence"),
            ));
        }
        say(format_args!(
            "{} run {}: {accounts} accounts, {entries} entries; proven up to {}; {count} discrepancies.",
            row.get::<_, &str>("mode"),
            row.get::<_, i64>("id"),
            proven.map_or("nothing yet".to_owned(), |at| at.to_rfc3339()),
        ));
    }
    Ok(count == 0)
}
