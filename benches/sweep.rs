//! A lot of half of the members expires at the same instant, and is swept while single awards go on.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use hdrhistogram::Histogram;
use tokio_postgres::Client;

use crate::Result;
use crate::load;
use crate::report::{Report, Row, Target, say};
use crate::requests::Kind;
use crate::sql::Caller;
use crate::world::World;

const CONNECTIONS: usize = 256;
/// Grants a second that filling reaches at least.
const PACE: u64 = 4_000;
/// Milliseconds for which a step may hold the locks of its accounts.
const HELD_AT_MOST: f64 = 100.0;

struct Swept {
    accounts: i64,
    seconds: f64,
    step: Histogram<u64>,
}

/// Step by step without a pause, as the gateway that drives the jobs does. A step holds its locks for less than its call takes.
async fn sweep(client: Client, ended: tokio::sync::oneshot::Receiver<()>) -> Result<Swept> {
    let mut swept = Swept { accounts: 0, seconds: 0.0, step: Histogram::new_with_bounds(1, 60_000_000, 3)? };
    let begun = Instant::now();
    while ended.is_empty() {
        let sent = Instant::now();
        let row = client.query_one("select done, more, failure from api.run_job('sweep', 1)", &[]).await?;
        swept.step.saturating_record(sent.elapsed().as_micros() as u64);
        swept.accounts += i64::from(row.get::<_, i32>("done"));
        if let Some(failure) = row.get::<_, Option<&str>>("failure") {
            return Err(format!("a step failed: {failure}").into());
        }
        if !row.get::<_, bool>("more") {
            return Err("nothing was left to sweep before the measurement ended".into());
        }
    }
    swept.seconds = begun.elapsed().as_secs_f64();
    Ok(swept)
}

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let client = world.connect().await?;
    client.query("select from api.set_job('sweep', 'PT10S', false, 'bench sweep')", &[]).await?;
    // Half of each bucket, so that there are members whose accounts have nothing to settle.
    let half = |offset| -> Vec<Vec<i32>> {
        world.members.iter().map(|members| members.iter().copied().skip(offset).step_by(2).collect()).collect()
    };
    let (due, others) = (half(0), half(1));
    let seconds = world.scale.accounts / 2 / PACE + 2;
    let expire_at = Utc::now() + TimeDelta::seconds(seconds as i64);
    say(format!("giving {} members points that expire together in {seconds} s", world.scale.accounts / 2));
    grant(world, &due, expire_at).await?;
    let left = (expire_at - Utc::now()).to_std().map_err(|_| "the points expired while they were given")?;
    client.batch_execute("vacuum (analyze) points.balance, points.lot").await?;
    tokio::time::sleep(left.saturating_sub(world.scale.measure + world.scale.warm_up + Duration::from_secs(2))).await;

    let name = "earnPoints before the points of others expire";
    let before = load::http_about(world, report, name, Kind::Earn, CONNECTIONS, others.concat()).await?;
    tokio::time::sleep((expire_at - Utc::now()).to_std().unwrap_or_default()).await;
    let (end, ended) = tokio::sync::oneshot::channel();
    let sweeper = tokio::spawn(sweep(client, ended));
    let name = "earnPoints while the points of others expire";
    let during = load::http_about(world, report, name, Kind::Earn, CONNECTIONS, others.concat()).await?;
    // One that has failed meanwhile says so below.
    let _sent = end.send(());
    let swept = sweeper.await??;
    report.add(during.row("awards/s").against(before.per_second).wants(Target::AtLeast(0.6)));
    during.details(report, "us/award");
    let milliseconds = |quantile| swept.step.value_at_quantile(quantile) as f64 / 1000.0;
    let row = Row::new("sweep, a step meanwhile: p99", milliseconds(0.99), "ms");
    report.add(row.against(HELD_AT_MOST).wants(Target::AtMost(1.0)));
    report.detail(Row::new("sweep, a step meanwhile: p50", milliseconds(0.5), "ms"));
    report.add(Row::new("sweep meanwhile", swept.accounts as f64 / swept.seconds, "accounts/s"));
    // Each award books the expiry on its account as well.
    let name = "earnPoints to those whose points have expired";
    let settling = load::http_about(world, report, name, Kind::Earn, CONNECTIONS, due.concat()).await?;
    report.add(settling.row("awards/s").against(before.per_second));
    Ok(())
}

async fn grant(world: &World, due: &[Vec<i32>], expire_at: DateTime<Utc>) -> Result<()> {
    let measurement = world.next_measurement();
    let mut tasks = tokio::task::JoinSet::new();
    for (bucket, members) in due.iter().enumerate() {
        let mut caller = Caller::connect(world, measurement, bucket).await?;
        let members = members.clone();
        tasks.spawn(async move { caller.grant(&members, expire_at).await });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}
