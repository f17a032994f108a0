//! Changed levels are booked for all members while single awards go on.

use tokio::sync::oneshot;

use crate::report::{Report, Target};
use crate::requests::Kind;
use crate::world::World;
use crate::{Result, jobs, load};

/// Moves everybody who has earned something, each time that it is run.
const CHANGE: &str = "
    select from points.program p, api.set_levels('points',
        jsonb_build_array(
            jsonb_build_object('code', 'NONE', 'name', 'None', 'threshold', 0),
            jsonb_build_object('code', 'R' || p.level_revision, 'name', 'Moved', 'threshold', 1)),
        'bench levels ' || p.level_revision)";

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let client = world.connect().await?;
    client.query("select from api.set_job('evaluate_levels', 'PT10S', false, 'bench levels')", &[]).await?;
    let before = load::http(world, report, "earnPoints before levels change", Kind::Earn, 256).await?;
    client.batch_execute(CHANGE).await?;
    let (end, ended) = oneshot::channel();
    let driver = tokio::spawn(jobs::drive(client, "evaluate_levels", Some(CHANGE), ended));
    let during = load::http(world, report, "earnPoints while all levels change", Kind::Earn, 256).await?;
    // One that has failed meanwhile says so below.
    let _sent = end.send(());
    report.add(during.row("awards/s").against(before.per_second).wants(Target::AtLeast(0.6)));
    during.details(report, "us/award");
    driver.await??.report("evaluate_levels", report);
    Ok(())
}
