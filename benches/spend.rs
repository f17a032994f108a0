//! Spends: over HTTP from accounts with a dozen open lots, beside awards; and one that empties a thousand lots.

use std::time::{Duration, Instant};

use jifen::operation::OperationKind;

use crate::Result;
use crate::load::{self, Load};
use crate::report::{Report, Row, Target, say};
use crate::requests::{Kind, LOTS};
use crate::sql::{AWARD, Caller, award_members};
use crate::world::World;

const CONNECTIONS: usize = 256;
const THOUSAND: usize = 1_000;
/// Accounts with a thousand lots.
const ROUNDS: usize = 30;

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let every = Kind::Spend.every(world.scale.accounts);
    say(format!("giving {LOTS} lots to one in {every} members"));
    for _ in 1..LOTS {
        award_members(world, report, every).await?;
    }
    let before = load::http(world, report, "earnPoints, before the spends", Kind::Earn, CONNECTIONS).await?;
    let name = "spendPoints over HTTP, 256 connections, 12 lots";
    let spends = load::http(world, report, name, Kind::Spend, CONNECTIONS).await?;
    let after = load::http(world, report, "earnPoints, after the spends", Kind::Earn, CONNECTIONS).await?;
    let awards = [&before, &after].iter().map(|load: &&Load| load.per_second).sum::<f64>() / 2.0;
    report.add(Row::new("earnPoints over HTTP beside it (mean of 2)", awards, "awards/s"));
    report.add(spends.row("spends/s").against(awards).wants(Target::AtLeast(0.7)));
    spends.details(report, "us/spend");
    thousand_lots(world, report).await
}

/// What a spend takes that ends one lot, and one that ends all the others.
async fn thousand_lots(world: &World, report: &mut Report) -> Result<()> {
    say("spending a thousand lots at once");
    let mut caller = Caller::connect(world, world.next_measurement(), 0).await?;
    let (mut one, mut thousand) = (Duration::ZERO, Duration::ZERO);
    for &member in world.members[0].iter().rev().take(ROUNDS) {
        for _ in 0..2 {
            caller.send(OperationKind::Earn, std::iter::repeat_n(member, THOUSAND / 2)).await?;
        }
        for (points, took) in [(AWARD, &mut one), (AWARD * THOUSAND as i64, &mut thousand)] {
            let begun = Instant::now();
            caller.spend(member, points).await?;
            *took += begun.elapsed();
        }
        // It is empty now, and other measurements want to spend from everybody.
        caller.send(OperationKind::Earn, std::iter::once(member)).await?;
    }
    let milliseconds = |took: Duration| took.as_secs_f64() * 1000.0 / ROUNDS as f64;
    let (one, thousand) = (milliseconds(one), milliseconds(thousand));
    report.add(Row::new("SQL alone, a spend of one lot", one, "ms"));
    report.add(Row::new("SQL alone, a spend of 1,000 lots", thousand, "ms").against(one).wants(Target::AtMost(50.0)));
    Ok(())
}
