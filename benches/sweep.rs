//! A lot of half of the members expires at the same instant, and is swept while single awards go on.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::load::{self, Traffic};
use crate::report::{Report, Target, say};
use crate::requests::Kind;
use crate::sql::Caller;
use crate::world::World;
use crate::{Result, jobs};

const CONNECTIONS: usize = 256;
/// Grants a second that filling reaches at least.
const PACE: u64 = 4_000;

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

    let about =
        |members: &[Vec<i32>]| Traffic { about: Some(members.concat()), ..Traffic::new(Kind::Earn, CONNECTIONS) };
    let name = "earnPoints before the points of others expire";
    let before = load::send(world, report, name, about(&others)).await?;
    tokio::time::sleep((expire_at - Utc::now()).to_std().unwrap_or_default()).await;
    let (end, ended) = tokio::sync::oneshot::channel();
    let sweeper = tokio::spawn(jobs::drive(client, "sweep", None, ended));
    let name = "earnPoints while the points of others expire";
    let during = load::send(world, report, name, about(&others)).await?;
    // One that has failed meanwhile says so below.
    let _sent = end.send(());
    report.add(during.row("awards/s").against(before.per_second).wants(Target::AtLeast(0.6)));
    during.details(report, "us/award");
    sweeper.await??.report("sweep", report);
    // Each award books the expiry on its account as well.
    let name = "earnPoints to those whose points have expired";
    let settling = load::send(world, report, name, about(&due)).await?;
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
