//! Governed awards over many minutes and three checkpoints, minute by minute.

use std::time::Duration;

use tokio_postgres::Client;

use crate::Result;
use crate::govern::Rules;
use crate::load::{Expected, Load, Traffic, drive_through};
use crate::report::{Report, Row, Target};
use crate::requests::Kind;
use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const CONNECTIONS: usize = 256;
const CHECKPOINTS: u64 = 3;

/// checkpoint_timeout for a run of so many minutes: what is measured begins shortly after a checkpoint, when all pages have
/// been changed once, and the third one is written out before it ends.
pub fn checkpoint_timeout(minutes: u64) -> Duration {
    MINUTE * minutes as u32 / (CHECKPOINTS as u32 + 1)
}

/// Those that were begun since the server started.
async fn checkpoints(client: &Client) -> Result<f64> {
    let version: i32 = client.query_one("select current_setting('server_version_num')::int", &[]).await?.get(0);
    let sql = if version < 170_000 {
        "select (checkpoints_timed + checkpoints_req)::float8 from pg_stat_bgwriter"
    } else {
        "select (num_timed + num_requested)::float8 from pg_stat_checkpointer"
    };
    Ok(client.query_one(sql, &[]).await?.get(0))
}

pub async fn measure(world: &World, report: &mut Report, minutes: u64) -> Result<()> {
    let client = world.connect().await?;
    let rules = Rules::begin(world).await?;
    let workers = Traffic::new(Kind::Earn, CONNECTIONS).workers(world).await?;
    let windows = vec![MINUTE; minutes as usize];
    let before = checkpoints(&client).await?;
    let name = format!("governed earnPoints for {minutes} minutes, {CONNECTIONS} connections");
    // A tenth of the time: before the first checkpoint.
    let tenth = windows.len().div_ceil(10);
    let early = async {
        tokio::time::sleep(world.scale.warm_up + MINUTE * tenth as u32).await;
        checkpoints(&client).await
    };
    let loads = drive_through(world, report, &name, workers, Expected::Awards, &windows);
    let (loads, early) = tokio::try_join!(loads, early)?;
    if early > before {
        report.problem(format!("{name}: a checkpoint began in the first tenth, to which all is compared"));
    }
    let seen = checkpoints(&client).await? - before;
    rules.end().await?;

    let mean = |loads: &[Load]| loads.iter().map(|load| load.per_second).sum::<f64>() / loads.len() as f64;
    let first = mean(&loads[..tenth]);
    let smallest = loads.iter().map(|load| load.per_second).fold(f64::INFINITY, f64::min);
    let slowest = loads.iter().map(|load| load.milliseconds(0.99)).fold(0.0, f64::max);
    for load in &loads {
        report.detail(load.row("awards/s").against(first));
        load.details(report, "us/award");
        load.bytes(report);
    }
    report.add(Row::new(format!("{name}: mean"), mean(&loads), "awards/s").against(first));
    let row = Row::new(format!("{name}: the slowest minute, against the first tenth"), smallest, "awards/s");
    report.add(row.against(first).wants(Target::AtLeast(0.7)));
    report.add(Row::new(format!("{name}: the worst p99 of a minute"), slowest, "ms"));
    let row = Row::new(format!("{name}: checkpoints begun meanwhile"), seen, "checkpoints");
    report.add(row.against(CHECKPOINTS as f64).wants(Target::AtLeast(1.0)));
    if let Some(last) = loads.last() {
        last.work(report);
    }
    Ok(())
}
