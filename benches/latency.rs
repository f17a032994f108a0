//! What one client waits when nothing else is going on.

use crate::Result;
use crate::report::{Report, Row};
use crate::requests::Kind;
use crate::world::World;
use crate::{load, pgbench};

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let baseline = pgbench::latencies(world).await?;
    let name = "earnPoints over HTTP, one client";
    let load = load::http(world, report, name, Kind::Earn, 1).await?;
    for (label, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        let at = ((baseline.len() - 1) as f64 * quantile).round() as usize;
        let pgbench = baseline[at] as f64 / 1000.0;
        report.add(Row::new(format!("{name}: {label}"), load.milliseconds(quantile), "ms").against(pgbench));
    }
    let query = "account balance over HTTP, one client";
    let load = load::http(world, report, query, Kind::Balance, 1).await?;
    for (label, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        report.add(Row::new(format!("{query}: {label}"), load.milliseconds(quantile), "ms"));
    }
    Ok(())
}
