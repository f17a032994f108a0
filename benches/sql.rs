//! The stored function alone: batches of several sizes over a few connections, no gateway.

use std::{sync::Arc, thread::available_parallelism};

use chrono::{DateTime, Utc};
use jifen::{ledger::Request, operation::OperationKind};
use rust_decimal::Decimal;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Statement};

use crate::Result;
use crate::load::{Expected, Load, Worker, drive};
use crate::report::{Report, Row, Target, say};
use crate::requests::{AMOUNT, RULE, Random, SPEND, first_key, idempotency_key, user_id};
use crate::world::{RowCounts, World};

const EXECUTE: &str = "select count(*), count(refusal) from api.execute($1::smallint, $2::api.request[])";
/// Accounts in one call while they are made.
const FILL: usize = 500;
const SIZES: [usize; 7] = [1, 16, 32, 64, 128, 256, 512];
/// For each processor: while one waits for the disk to commit, the other is carried out. With fewer, small calls would measure
/// that wait; with many more, how long a processor takes to fetch the plans of each from memory.
const SESSIONS: usize = 2;
/// Points of an award.
pub const AWARD: i64 = 12;
/// The client that psql sends as, which may earn and spend.
const CLIENT_ID: i32 = 1;

fn request(kind: OperationKind, member: i32, key: u64, amount: Decimal) -> Request {
    let request = Request::new(kind, CLIENT_ID, user_id(member as u64), idempotency_key(key));
    match kind {
        OperationKind::Spend => Request { points: Some(SPEND), ..request },
        _ => Request { rule: Some(RULE.to_owned()), amount: Some(amount), ..request },
    }
}

/// A connection that sends operations on one bucket.
pub struct Caller {
    client: Client,
    statement: Statement,
    bucket: i16,
    amount: Decimal,
    key: u64,
}

impl Caller {
    pub async fn connect(world: &World, measurement: u64, bucket: usize) -> Result<Self> {
        let client = world.connect().await?;
        // As lanes do.
        client.batch_execute("set jifen.caller_announces = 'on'").await?;
        let statement = client.prepare(EXECUTE).await?;
        let key = first_key(measurement, bucket);
        Ok(Self { client, statement, bucket: i16::try_from(bucket)?, amount: AMOUNT.parse()?, key })
    }

    /// One call.
    pub async fn send(&mut self, kind: OperationKind, members: impl Iterator<Item = i32>) -> Result<u64> {
        let mut requests = Vec::new();
        for member in members {
            requests.push(request(kind, member, self.key, self.amount));
            self.key += 1;
        }
        let row = self.client.query_one(&self.statement, &[&self.bucket, &requests]).await?;
        let outcomes: i64 = row.get(0);
        if outcomes != requests.len() as i64 {
            return Err(format!("{} requests gave {outcomes} outcomes", requests.len()).into());
        }
        Ok(outcomes as u64)
    }

    /// Points to each member, which expire at this instant.
    pub async fn grant(&mut self, members: &[i32], expires_at: DateTime<Utc>) -> Result<()> {
        for chunk in members.chunks(FILL) {
            let mut requests = Vec::new();
            for &member in chunk {
                let request = request(OperationKind::Adjust, member, self.key, self.amount);
                let (reason, actor) = (Some("bench".to_owned()), Some("bench".to_owned()));
                requests.push(Request {
                    rule: None,
                    amount: None,
                    points: Some(1),
                    expires_at: Some(expires_at),
                    reason,
                    actor,
                    ..request
                });
                self.key += 1;
            }
            let row = self.client.query_one(&self.statement, &[&self.bucket, &requests]).await?;
            if row.get::<_, i64>(1) > 0 {
                return Err("points to expire were refused".into());
            }
        }
        Ok(())
    }

    /// One spend of so many points, which must not be refused.
    pub async fn spend(&mut self, member: i32, points: i64) -> Result<()> {
        let request = request(OperationKind::Spend, member, self.key, self.amount);
        self.key += 1;
        let row = self
            .client
            .query_one(&self.statement, &[&self.bucket, &vec![Request { points: Some(points), ..request }]])
            .await?;
        if row.get::<_, i64>(1) > 0 {
            return Err(format!("a spend of {points} points was refused").into());
        }
        Ok(())
    }
}

/// Gives an award to each member, or to every so manieth: a member's first makes the account.
pub async fn award_members(world: &World, report: &mut Report, every: usize) -> Result<()> {
    let measurement = world.next_measurement();
    let begun = world.now().await?;
    let mut tasks = JoinSet::new();
    for (bucket, members) in world.members.iter().enumerate() {
        let mut caller = Caller::connect(world, measurement, bucket).await?;
        let members: Vec<i32> = members.iter().copied().step_by(every).collect();
        tasks.spawn(async move {
            let mut answered = 0;
            for (number, chunk) in members.chunks(FILL).enumerate() {
                answered += caller.send(OperationKind::Earn, chunk.iter().copied()).await?;
                // One bucket speaks for all: they are about equally large.
                if bucket == 0 && every == 1 && number % 50 == 49 {
                    say(format!("  {} %", (number + 1) * FILL * 100 / members.len()));
                }
            }
            Ok::<u64, crate::Error>(answered)
        });
    }
    let mut answered = 0;
    while let Some(task) = tasks.join_next().await {
        answered += task??;
    }
    let RowCounts { done, refused } = world.row_counts(begun).await?;
    if done != answered as i64 || refused != 0 {
        let text = format!("{answered} awards were answered while filling; the database has {done}, {refused} refused");
        report.problem(text);
    }
    Ok(())
}

struct Batches {
    caller: Caller,
    kind: OperationKind,
    members: Arc<Vec<Vec<i32>>>,
    random: Random,
    /// In turn, and nobody else's unless there are more sessions than buckets: lanes do not wait for each other's accounts.
    buckets: Vec<usize>,
    size: usize,
}

impl Worker for Batches {
    async fn request(&mut self) -> Result<u64> {
        let Self { caller, kind, members, random, buckets, size } = self;
        buckets.rotate_left(1);
        let bucket = buckets[0];
        caller.bucket = i16::try_from(bucket)?;
        let members = &members[bucket];
        let chosen = (0..*size).map(|_| members[random.below(members.len() as u64) as usize]);
        caller.send(*kind, chosen).await
    }
}

async fn batches(world: &World, report: &mut Report, kind: OperationKind, size: usize) -> Result<Load> {
    let (name, expected) = match kind {
        OperationKind::Spend => (format!("SQL alone, spends, {size} a call"), Expected::Spends),
        _ => (format!("SQL alone, awards, {size} a call"), Expected::Awards),
    };
    let measurement = world.next_measurement();
    let mut workers = Vec::new();
    let members = Arc::new(world.members.clone());
    let sessions = SESSIONS * available_parallelism()?.get();
    for number in 0..sessions {
        let caller = Caller::connect(world, measurement, number).await?;
        let random = Random::new(caller.key);
        let buckets = (number % members.len()..members.len()).step_by(sessions).collect();
        workers.push(Batches { caller, kind, members: members.clone(), random, buckets, size });
    }
    drive(world, report, &name, workers, expected).await
}

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let mut loads = Vec::new();
    for size in SIZES {
        loads.push((size, batches(world, report, OperationKind::Earn, size).await?));
    }
    let best = loads.iter().map(|(_, load)| load.per_second).fold(0.0, f64::max);
    let one = loads[0].1.per_second;
    for (size, load) in &loads {
        let row = load.row("awards/s").against(best);
        report.add(if *size == 1 { row } else { row.wants(Target::AtLeast(0.7)) });
    }
    for (size, load) in &loads {
        load.details(report, "us/award");
        if *size == 256 {
            let name = "SQL alone, awards, 256 a call against 1";
            report.add(Row::new(name, load.per_second, "awards/s").against(one).wants(Target::AtLeast(3.0)));
            load.bytes(report);
        }
    }
    for size in [16, 256] {
        let load = batches(world, report, OperationKind::Spend, size).await?;
        report.add(load.row("spends/s"));
        load.details(report, "us/spend");
    }
    Ok(())
}
