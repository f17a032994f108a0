//! Awards by the rule of the plain ones, between two runs of these, under two limits, two campaigns, one with a budget, and
//! two risk rules.

use tokio_postgres::Client;

use crate::Result;
use crate::load::{self, Traffic};
use crate::pgbench;
use crate::report::{Report, Row, Target};
use crate::requests::Kind;
use crate::world::World;

/// Milliseconds that 99 in a hundred of 1,024 callers may wait at most.
const PATIENCE: f64 = 150.0;

/// # is a number, so that each measurement has rules of its own, whose counters nobody has used.
const BEGIN: &str = "
    select api.create_limit('DAY#', 'Day', '{ORDER}', 'day', 'bench #.1', p_max_points => 1000000000);
    select api.create_limit('MONTH#', 'Month', '{ORDER}', 'month', 'bench #.2', p_max_times => 1000000, p_excess => 'cut');
    select api.create_campaign('MORE#', 'More', 'multiplier', '{ORDER}', 'bench #.3', p_multiplier => 1.5, p_budget => 1000000000000);
    select api.create_campaign('PLUS#', 'Plus', 'bonus', '{ORDER}', 'bench #.4', p_bonus => 5);
    select api.set_risk_rule('LARGE', 'Large', '{ORDER}', 'award_points', 'review', 'on', 'bench #.5', 1000000);
    select api.set_risk_rule('FAST', 'Fast', '{ORDER}', 'window_awards', 'deny', 'on', 'bench #.6', 1000000, 60);";
const END: &str = "
    select api.change_limit('DAY#', 'Day', '{ORDER}', false, 'bench #.7', p_max_points => 1);
    select api.change_limit('MONTH#', 'Month', '{ORDER}', false, 'bench #.8', p_max_times => 1);
    select api.change_campaign('MORE#', 'More', 'ended', 'bench #.9');
    select api.change_campaign('PLUS#', 'Plus', 'ended', 'bench #.10');
    select api.set_risk_rule('LARGE', 'Large', '{ORDER}', 'award_points', 'review', 'off', 'bench #.11', 1000000);
    select api.set_risk_rule('FAST', 'Fast', '{ORDER}', 'window_awards', 'deny', 'off', 'bench #.12', 1000000, 60);";

/// The rules, while they are in force.
pub struct Rules {
    client: Client,
    number: String,
}

impl Rules {
    pub async fn begin(world: &World) -> Result<Self> {
        let rules = Self { client: world.connect().await?, number: world.next_measurement().to_string() };
        rules.client.batch_execute(&BEGIN.replace('#', &rules.number)).await?;
        Ok(rules)
    }

    pub async fn end(self) -> Result<()> {
        Ok(self.client.batch_execute(&END.replace('#', &self.number)).await?)
    }
}

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    pgbench::warm_up(world, pgbench::Script::Write).await?;
    let first = pgbench::run(world, pgbench::Script::Write, 16).await?;
    let before =
        load::http(world, report, "earnPoints before limits and campaigns, 256 connections", Kind::Earn, 256).await?;
    let rules = Rules::begin(world).await?;
    let name = "earnPoints, 2 limits, 2 campaigns, risk on, 256 connections";
    let load = load::http(world, report, name, Kind::Earn, 256).await?;
    let name = "governed earnPoints, 1,024 connections";
    let many = load::http(world, report, name, Kind::Earn, 1024).await?;
    let name = "governed earnPointsBatch of 100, 32 connections";
    let batch = load::http(world, report, name, Kind::EarnBatch, 32).await?;
    let name = "governed earnPoints to one account, 256 connections";
    let hot =
        load::send(world, report, name, Traffic { about: Some(vec![0]), ..Traffic::new(Kind::Earn, 256) }).await?;
    let name = "governed earnPoints at half of the peak";
    let paced = |share| Traffic { per_second: Some(load.per_second * share), ..Traffic::new(Kind::Earn, 1024) };
    let half = load::send(world, report, name, paced(0.5)).await?;
    let name = "governed earnPoints at four fifths of the peak";
    let most = load::send(world, report, name, paced(0.8)).await?;
    rules.end().await?;
    let after =
        load::http(world, report, "earnPoints after limits and campaigns, 256 connections", Kind::Earn, 256).await?;
    let second = pgbench::run(world, pgbench::Script::Write, 16).await?;

    let mean = (before.per_second + after.per_second) / 2.0;
    report.add(load.row("awards/s").against(mean).wants(Target::AtLeast(0.7)));
    let pgbench = (first.per_second + second.per_second) / 2.0;
    report.add(Row::new("pgbench -N, 16 clients (mean of 2)", pgbench, "tx/s"));
    let row = Row::new("governed earnPoints, 256 connections", load.per_second, "awards/s");
    report.add(row.against(pgbench).wants(Target::AtLeast(1.5)));
    report.add(many.row("awards/s").against(pgbench).wants(Target::AtLeast(1.7)));
    let row = Row::new("governed earnPoints, 1,024 connections: p99", many.milliseconds(0.99), "ms");
    report.add(row.against(PATIENCE).wants(Target::AtMost(1.0)));
    report.add(batch.row("awards/s").against(pgbench).wants(Target::AtLeast(4.0)));
    report.add(hot.row("awards/s").against(load.per_second).wants(Target::AtLeast(0.3)));
    for load in [&load, &many, &batch, &hot, &half, &most] {
        load.details(report, "us/award");
    }
    for load in [&load, &many, &batch] {
        load.bytes(report);
        load.work(report);
    }
    Ok(())
}
