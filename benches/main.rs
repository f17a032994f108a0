//! `cargo bench`: what Jifen does in a second, beside what pgbench gets from the same server in
//! the same run. Ends with a table, `bench.json` in the target directory, and a non-zero exit code
//! when a target is missed. `cargo bench -- --help` lists the options.

mod feed;
mod gateway;
mod govern;
mod history;
mod http;
mod jobs;
mod large;
mod latency;
mod levels;
mod load;
mod pgbench;
mod postgraphile;
mod reconcile;
mod report;
mod requests;
mod spend;
mod sql;
mod steady;
mod sweep;
mod usage;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use history::{History, Lots};
use report::{Report, Row, Target};
use requests::{Kind, REWARD};
use world::{Host, World};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

const NAME_EARN: &str = "earnPoints over HTTP, 256 connections";

/// max_wal_size where much is written: no checkpoint before its time.
const MAX_WAL_GB: u64 = 64;

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
    /// Accounts of the part large, beside those of the other parts [default: 10000000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(10_000..=50_000_000))]
    large_accounts: Option<u64>,
    /// Entries of these accounts, 2 to 100 each [default: 100000000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(20_000..=1_000_000_000))]
    large_entries: Option<u64>,
    /// Minutes that the part steady takes
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(10..=600))]
    minutes: u64,
    /// A short look: 3 seconds, 50,000 accounts, 200,000 entries to reconcile, 100,000 accounts and 1,000,000 entries of a
    /// large ledger, pgbench at scale 5
    #[arg(long)]
    quick: bool,
    /// Only these parts [default: all but those that are to be named]
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
    /// The same query at PostGraphile, where npm can install it
    #[value(name = "postgraphile")]
    PostGraphile,
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
    /// Governed awards on a ledger of 10,000,000 accounts and 100,000,000 entries; only where it is named
    Large,
    /// Governed awards over half an hour with three checkpoints; only where it is named, alone
    Steady,
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
        (self.only.is_empty() && !part.takes_long()) || self.only.contains(&part)
    }

    fn history(&self) -> Result<History> {
        let (accounts, entries) = if self.quick { (100_000, 1_000_000) } else { (10_000_000, 100_000_000) };
        let first = self.scale().accounts;
        History::new(first, self.large_accounts.unwrap_or(accounts), self.large_entries.unwrap_or(entries), Lots::One)
    }

    /// Of the server, all others are those of `jifen`: no checkpoint in the short measurements, as there is one before them.
    fn settings(&self) -> Vec<(String, String)> {
        let timeout =
            if self.has(Part::Steady) { steady::checkpoint_timeout(self.minutes) } else { Duration::from_secs(3600) };
        let wal = if self.has(Part::Large) || self.has(Part::Steady) { MAX_WAL_GB } else { 16 };
        vec![
            ("max_wal_size".to_owned(), format!("{wal}GB")),
            ("checkpoint_timeout".to_owned(), format!("{}s", timeout.as_secs())),
        ]
    }
}

impl Part {
    fn takes_long(self) -> bool {
        matches!(self, Part::Steady | Part::Large)
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
    if options.has(Part::Steady) && options.only.len() > 1 {
        return Err("the part steady has checkpoints of its own, so it is run alone".into());
    }
    report::start_clock();
    usage::raise_open_files();
    let host = Host::start(options.data_dir.clone(), options.pg_bin.clone(), options.settings()).await?;
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
    let history = options.history()?;
    if options.has(Part::Large) {
        large::check_room(&world, &history).await?;
    }
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
        govern::measure(world, report).await?;
    }
    if options.has(Part::Steady) {
        steady::measure(world, report, options.minutes).await?;
    }
    if options.has(Part::Read) {
        read(world, report).await?;
    }
    if options.has(Part::PostGraphile) {
        postgraphile::measure(world, report, options.only.contains(&Part::PostGraphile)).await?;
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
    if options.has(Part::Large) {
        world.start_gateway().await?;
        large::measure(world, report, &history).await?;
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
