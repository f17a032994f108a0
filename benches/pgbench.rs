//! The baseline: PostgreSQL's own benchmark, on the same server, in a database of its own.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

use crate::Result;
use crate::report::{Report, say};
use crate::usage::Usage;
use crate::world::World;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// `-N`: an update, a query and an insert in a transaction.
    Write,
    /// `-S`: a query by primary key.
    Read,
}

impl Script {
    fn flag(self) -> &'static str {
        match self {
            Script::Write => "-N",
            Script::Read => "-S",
        }
    }
}

pub struct Run {
    name: String,
    pub per_second: f64,
    usage: Usage,
}

/// The program, beside the server's or on the PATH.
pub fn find(bin_dir: &Path) -> Result<PathBuf> {
    let beside = bin_dir.join("pgbench");
    if beside.exists() {
        return Ok(beside);
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).map(|folder| folder.join("pgbench")).find(|path| path.exists()).ok_or_else(|| {
        "pgbench was not found. It comes with the PostgreSQL server: Debian and Ubuntu package postgresql \
         (postgresql-15 and so on), Fedora and RHEL package postgresql-contrib, Homebrew formula postgresql@17"
            .into()
    })
}

/// Makes and fills its tables.
pub async fn fill(world: &World) -> Result<()> {
    let scale = world.scale.pgbench_scale.to_string();
    say(format!("making the tables of pgbench, scale {scale}"));
    execute(world, &["-i", "-q", "-s", &scale]).await?;
    Ok(())
}

/// After a checkpoint each page is written into the WAL as a whole when first changed. pgbench
/// changes pages at random, so it would pay for that through all of a short run. One row of each
/// page is changed here, so that the baseline is that of a server some time after a checkpoint.
pub async fn touch_pages(world: &World) -> Result<()> {
    // A page holds 61 rows.
    let sql = "update pgbench_accounts set abalance = abalance where aid % 61 = 0";
    world.connect_to_baseline().await?.batch_execute(sql).await?;
    Ok(())
}

/// A run whose figures nobody sees.
pub async fn warm_up(world: &World, script: Script) -> Result<()> {
    world.let_jobs_catch_up().await?;
    say(format!("pgbench {}, warm-up", script.flag()));
    timed(world, script, 16, world.scale.warm_up, &[]).await?;
    Ok(())
}

/// Transactions a second.
pub async fn run(world: &World, script: Script, clients: u32) -> Result<Run> {
    let name = format!("pgbench {}, {clients} clients", script.flag());
    world.let_jobs_catch_up().await?;
    say(&name);
    let before = world.sample().await?;
    let output = timed(world, script, clients, world.scale.measure, &[]).await?;
    let usage = world.sample().await? - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let per_second = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
        .ok_or_else(|| format!("pgbench gave no tps:\n{text}"))?;
    Ok(Run { name, per_second, usage })
}

/// Microseconds that each transaction of one client took, in ascending order.
pub async fn latencies(world: &World) -> Result<Vec<u64>> {
    say("pgbench -N, 1 client");
    let prefix = world.scratch().join("pgbench");
    let log = format!("--log-prefix={}", prefix.display());
    timed(world, Script::Write, 1, world.scale.warm_up, &[]).await?;
    timed(world, Script::Write, 1, world.scale.measure, &["-l", &log]).await?;
    let mut latencies = Vec::new();
    for entry in std::fs::read_dir(world.scratch())?.flatten() {
        if !entry.file_name().to_string_lossy().starts_with("pgbench.") {
            continue;
        }
        // client, transaction, microseconds ...
        let text = std::fs::read_to_string(entry.path())?;
        latencies.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<u64>().ok()));
    }
    if latencies.is_empty() {
        return Err("pgbench wrote no latencies".into());
    }
    latencies.sort_unstable();
    Ok(latencies)
}

impl Run {
    /// CPU by class of process.
    pub fn details(&self, report: &mut Report) {
        self.usage.report_cpu(report, &self.name, self.per_second * self.usage.seconds, "us/tx");
    }
}

async fn timed(world: &World, script: Script, clients: u32, time: Duration, more: &[&str]) -> Result<Output> {
    let (clients, threads) = (clients.to_string(), clients.min(2).to_string());
    let seconds = time.as_secs().to_string();
    let mut arguments = vec!["-n", script.flag(), "-M", "prepared", "-c", &clients, "-j", &threads, "-T", &seconds];
    arguments.extend(more);
    execute(world, &arguments).await
}

async fn execute(world: &World, arguments: &[&str]) -> Result<Output> {
    let output =
        Command::new(&world.pgbench).args(arguments).arg(&world.baseline_url).kill_on_drop(true).output().await?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("pgbench {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
