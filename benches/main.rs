//! `cargo bench`: what Jifen does in a second, beside what pgbench gets from the same server in
//! the same run. Ends with a table, `bench.json` in the target directory, and a non-zero exit code
//! when a target is missed. `cargo bench -- --help` lists the options.

mod feed;
mod gateway;
mod http;
mod jobs;
mod latency;
mod levels;
mod load;
mod pgbench;
mod reconcile;
mod report;
mod requests;
mod spend;
mod sql;
mod sweep;
mod usage;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use load::Traffic;
use report::{Report, Row, Target};
use requests::{Kind, REWARD};
use world::{Host, World};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

const NAME_EARN: &str = "earnPoints over HTTP, 256 connections";

#[derive(Parser)]
#[command(name = "cargo bench --", about = "Benchmarks of Jifen against pgbench on the same, durable server")]
struct Options {
    /// Seconds that each measurement takes, after its warm-up [default: 10]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: Option<u64>,
    /// Accounts in the database [default: 1000000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    accounts: Option<u64>,
    /// Entries of the history to reconcile [default: 10000000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(100_000..=100_000_000))]
    entries: Option<u64>,
    /// A short look: 3 seconds, 50,000 accounts, 200,000 entries to reconcile, pgbench at scale 5
    #[arg(long)]
    quick: bool,
    /// Only these parts
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Folder for the server's data, which is removed at the end [default: one below the
    /// folder for temporary files]
    #[arg(long)]
    data_dir: Option<std::path::PathBuf>,
    /// Folder with the programs of the PostgreSQL to use [default: the first one found]
    #[arg(long)]
    pg_bin: Option<std::path::PathBuf>,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One idle client
    Latency,
    /// Mutations over HTTP
    Earn,
    /// Spends, over HTTP and of many lots
    Spend,
    /// Redemptions of one reward over HTTP, beside awards
    Redeem,
    /// Awards under limits, campaigns and risk rules, beside plain ones
    Govern,
    /// Queries over HTTP
    Read,
    /// Live balances on ten thousand sockets
    Feed,
    /// The stored function alone
    Sql,
    /// Awards over HTTP while all members are given other levels
    Levels,
    /// Awards over HTTP while a lot of half of the members expires
    Sweep,
    /// The reconciler over a ledger with a history
    Reconcile,
}

/// The sizes of a run.
pub struct Scale {
    pub measure: Duration,
    pub warm_up: Duration,
    pub accounts: u64,
    pub entries: u64,
    pub pgbench_scale: u32,
}

impl Options {
    fn scale(&self) -> Scale {
        let (seconds, accounts, entries, pgbench_scale) =
            if self.quick { (3, 50_000, 200_000, 5) } else { (10, 1_000_000, 10_000_000, 50) };
        Scale {
            measure: Duration::from_secs(self.seconds.unwrap_or(seconds)),
            warm_up: Duration::from_secs(if self.quick { 1 } else { 2 }),
            accounts: self.accounts.unwrap_or(accounts),
            entries: self.entries.unwrap_or(entries),
            pgbench_scale,
        }
    }

    fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            eprintln!("{}", causes.fold(format!("error: {error}"), |text, cause| format!("{text}: {cause}")));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<bool> {
    report::start_clock();
    usage::raise_open_files();
    let host = Host::start(options.data_dir.clone(), options.pg_bin.clone()).await?;
    let mut report = Report::default();
    // From here on neither signal ends this process before the server's data is removed.
    let mut terminated = signal(SignalKind::terminate())?;
    let result = tokio::select! {
        result = measure(options, &host, &mut report) => result,
        _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        _ = terminated.recv() => Err("terminated".into()),
    };
    let stopped = host.stop().await;
    // What was measured before it failed is worth reading all the same.
    report.print();
    result?;
    stopped?;
    report.write_json()?;
    Ok(report.passed())
}

async fn measure(options: &Options, host: &Host, report: &mut Report) -> Result<()> {
    let mut world = World::new(host, options.scale()).await?;
    world.fill(report).await?;
    let world = &mut world;
    if options.has(Part::Latency) {
        latency::measure(world, report).await?;
    }
    if options.has(Part::Earn) {
        earn(world, report).await?;
    }
    if options.has(Part::Spend) {
        spend::measure(world, report).await?;
    }
    if options.has(Part::Redeem) {
        redeem(world, report).await?;
    }
    if options.has(Part::Govern) {
        govern(world, report).await?;
    }
    if options.has(Part::Read) {
        read(world, report).await?;
    }
    if options.has(Part::Feed) {
        feed::measure(world, report).await?;
    }
    if options.has(Part::Sql) {
        world.stop_gateway().await?;
        sql::measure(world, report).await?;
    }
    if options.has(Part::Levels) {
        world.start_gateway().await?;
        levels::measure(world, report).await?;
    }
    // Late, since it leaves much to settle.
    if options.has(Part::Sweep) {
        world.start_gateway().await?;
        sweep::measure(world, report).await?;
    }
    // Without a gateway no job does the same meanwhile.
    world.stop_gateway().await?;
    if options.has(Part::Reconcile) {
        reconcile::measure(world, report).await?;
    }
    Ok(())
}

/// Mutations over HTTP, each between two runs of pgbench.
async fn earn(world: &World, report: &mut Report) -> Result<()> {
    pgbench::warm_up(world, pgbench::Script::Write).await?;
    let first = pgbench::run(world, pgbench::Script::Write, 16).await?;
    let single = load::http(world, report, NAME_EARN, Kind::Earn, 256).await?;
    let second = pgbench::run(world, pgbench::Script::Write, 16).await?;
    let batch = load::http(world, report, "earnPointsBatch of 100, 32 connections", Kind::EarnBatch, 32).await?;
    let third = pgbench::run(world, pgbench::Script::Write, 16).await?;
    let many = load::http(world, report, "earnPoints over HTTP, 1,024 connections", Kind::Earn, 1024).await?;

    let runs = [&first, &second, &third];
    let mean = runs.iter().map(|run| run.per_second).sum::<f64>() / runs.len() as f64;
    report.add(Row::new("pgbench -N, 16 clients (mean of 3)", mean, "tx/s"));
    report
        .add(single.row("awards/s").against((first.per_second + second.per_second) / 2.0).wants(Target::AtLeast(1.0)));
    report.add(batch.row("awards/s").against((second.per_second + third.per_second) / 2.0).wants(Target::AtLeast(2.0)));
    report.add(many.row("awards/s").against(third.per_second));
    single.details(report, "us/award");
    single.bytes(report);
    single.work(report);
    batch.details(report, "us/award");
    many.details(report, "us/award");
    second.details(report);
    Ok(())
}

/// Redemptions of one reward with ample stock, between two runs of single awards.
async fn redeem(world: &World, report: &mut Report) -> Result<()> {
    let create = "select api.create_reward($1, $1, 'goods', 1, 'bench', 1000000000)";
    world.connect().await?.execute(create, &[&REWARD]).await?;
    let before = load::http(world, report, "earnPoints before redeemReward, 256 connections", Kind::Earn, 256).await?;
    let name = "redeemReward of one reward, 256 connections";
    let load = load::http(world, report, name, Kind::Redeem, 256).await?;
    let after = load::http(world, report, "earnPoints after redeemReward, 256 connections", Kind::Earn, 256).await?;
    let mean = (before.per_second + after.per_second) / 2.0;
    report.add(load.row("redemptions/s").against(mean).wants(Target::AtLeast(0.25)));
    load.details(report, "us/redemption");
    load.bytes(report);
    Ok(())
}

/// Awards by the rule of the plain ones, between two runs of these, under two limits, two campaigns, one with a budget, and
/// two risk rules.
async fn govern(world: &World, report: &mut Report) -> Result<()> {
    const GOVERN: &str = "
        select api.create_limit('DAY', 'Day', '{ORDER}', 'day', 'bench 1', p_max_points => 1000000000);
        select api.create_limit('MONTH', 'Month', '{ORDER}', 'month', 'bench 2', p_max_times => 1000000, p_excess => 'cut');
        select api.create_campaign('MORE', 'More', 'multiplier', '{ORDER}', 'bench 3', p_multiplier => 1.5, p_budget => 1000000000000);
        select api.create_campaign('PLUS', 'Plus', 'bonus', '{ORDER}', 'bench 4', p_bonus => 5);
        select api.set_risk_rule('LARGE', 'Large', '{ORDER}', 'award_points', 'review', 'on', 'bench 5', 1000000);
        select api.set_risk_rule('FAST', 'Fast', '{ORDER}', 'window_awards', 'deny', 'on', 'bench 6', 1000000, 60);";
    const END: &str = "
        select api.change_limit('DAY', 'Day', '{ORDER}', false, 'bench 7', p_max_points => 1);
        select api.change_limit('MONTH', 'Month', '{ORDER}', false, 'bench 8', p_max_times => 1);
        select api.change_campaign('MORE', 'More', 'ended', 'bench 9');
        select api.change_campaign('PLUS', 'Plus', 'ended', 'bench 10');
        select api.set_risk_rule('LARGE', 'Large', '{ORDER}', 'award_points', 'review', 'off', 'bench 11', 1000000);
        select api.set_risk_rule('FAST', 'Fast', '{ORDER}', 'window_awards', 'deny', 'off', 'bench 12', 1000000, 60);";
    let client = world.connect().await?;
    let first = pgbench::run(world, pgbench::Script::Write, 16).await?;
    let before =
        load::http(world, report, "earnPoints before limits and campaigns, 256 connections", Kind::Earn, 256).await?;
    client.batch_execute(GOVERN).await?;
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
    client.batch_execute(END).await?;
    let after =
        load::http(world, report, "earnPoints after limits and campaigns, 256 connections", Kind::Earn, 256).await?;
    let second = pgbench::run(world, pgbench::Script::Write, 16).await?;

    let mean = (before.per_second + after.per_second) / 2.0;
    report.add(load.row("awards/s").against(mean).wants(Target::AtLeast(0.7)));
    let pgbench = (first.per_second + second.per_second) / 2.0;
    report.add(Row::new("pgbench -N, 16 clients (mean of 2)", pgbench, "tx/s"));
    report.add(Row::new("governed earnPoints, 256 connections", load.per_second, "awards/s").against(pgbench));
    report.add(many.row("awards/s").against(pgbench));
    report.add(batch.row("awards/s").against(pgbench));
    report.add(hot.row("awards/s").against(load.per_second).wants(Target::AtLeast(0.3)));
    for load in [&load, &many, &batch, &hot, &half, &most] {
        load.details(report, "us/award");
    }
    load.bytes(report);
    load.work(report);
    Ok(())
}

/// Queries over HTTP, between two runs of pgbench.
async fn read(world: &World, report: &mut Report) -> Result<()> {
    pgbench::warm_up(world, pgbench::Script::Read).await?;
    let before = pgbench::run(world, pgbench::Script::Read, 16).await?;
    let name = "account balance over HTTP, 256 connections";
    let balance = load::http(world, report, name, Kind::Balance, 256).await?;
    let name = "account balance and level over HTTP, 256 connections";
    let level = load::http(world, report, name, Kind::BalanceAndLevel, 256).await?;
    let after = pgbench::run(world, pgbench::Script::Read, 16).await?;
    let mean = (before.per_second + after.per_second) / 2.0;
    report.add(Row::new("pgbench -S, 16 clients (mean of 2)", mean, "tx/s"));
    report.add(balance.row("queries/s").against(mean).wants(Target::AtLeast(0.22)));
    report.add(level.row("queries/s").against(mean).wants(Target::AtLeast(0.27)));
    balance.details(report, "us/query");
    level.details(report, "us/query");
    after.details(report);
    Ok(())
}
