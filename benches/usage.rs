//! What a load costs: CPU by class of process, and bytes of WAL.

use std::fs;
use std::ops::Sub;
use std::process::Command;
use std::time::Instant;

use tokio_postgres::Client;

use crate::Result;
use crate::report::{Report, Row};

/// Linux reports CPU time to programs in hundredths of a second on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds, by class of process.
#[derive(Clone, Copy, Default)]
pub struct Cpu {
    pub postgres: f64,
    pub gateway: f64,
    /// The load generator, which is this process.
    pub generator: f64,
    /// Programs that this process ran and that have ended: pgbench.
    pub pgbench: f64,
    /// Everything else on the machine, the kernel's own work included.
    pub others: f64,
}

impl Cpu {
    /// All but the others.
    pub fn total(&self) -> f64 {
        self.postgres + self.gateway + self.generator + self.pgbench
    }
}

/// State of all counters at one moment.
#[derive(Clone, Copy)]
pub struct Sample {
    pub at: Instant,
    /// None where there is no /proc.
    pub cpu: Option<Cpu>,
    pub wal_bytes: i64,
    pub wal_full_pages: i64,
    pub transactions: i64,
    pub updates: i64,
    pub hot_updates: i64,
}

/// Difference of two samples.
#[derive(Clone, Copy)]
pub struct Usage {
    pub seconds: f64,
    pub cpu: Option<Cpu>,
    pub wal_bytes: f64,
    pub wal_full_pages: f64,
    /// Of Jifen's database.
    pub transactions: f64,
    /// Of balances.
    pub updates: f64,
    /// Those of them that changed no index.
    pub hot_updates: f64,
}

impl Usage {
    /// CPU of each class of process, in microseconds for each of so many operations, and how many
    /// cores were busy: that says what limits.
    pub fn report_cpu(&self, report: &mut Report, name: &str, operations: f64, unit: &'static str) {
        let Some(cpu) = self.cpu else { return };
        let classes = [
            ("postgres", cpu.postgres),
            ("gateway", cpu.gateway),
            ("load generator", cpu.generator),
            ("pgbench", cpu.pgbench),
        ];
        for (class, seconds) in classes {
            if seconds > 0.0 {
                report.detail(Row::new(format!("{name}: CPU of {class}"), seconds * 1e6 / operations, unit));
            }
        }
        report.detail(Row::new(format!("{name}: CPU of all these"), cpu.total() / self.seconds, "cores"));
        report.disturbed_by(name, cpu.others / self.seconds);
    }
}

impl Sub for Sample {
    type Output = Usage;

    fn sub(self, earlier: Sample) -> Usage {
        let cpu = self.cpu.zip(earlier.cpu).map(|(after, before)| Cpu {
            postgres: after.postgres - before.postgres,
            gateway: after.gateway - before.gateway,
            generator: after.generator - before.generator,
            pgbench: after.pgbench - before.pgbench,
            others: after.others - before.others,
        });
        Usage {
            seconds: (self.at - earlier.at).as_secs_f64(),
            cpu,
            wal_bytes: (self.wal_bytes - earlier.wal_bytes) as f64,
            wal_full_pages: (self.wal_full_pages - earlier.wal_full_pages) as f64,
            transactions: (self.transactions - earlier.transactions) as f64,
            updates: (self.updates - earlier.updates) as f64,
            hot_updates: (self.hot_updates - earlier.hot_updates) as f64,
        }
    }
}

/// Whose CPU to read.
#[derive(Clone, Copy)]
pub struct Processes {
    /// The parent of every backend.
    pub postmaster: u32,
    pub gateway: Option<u32>,
}

impl Processes {
    pub async fn sample(&self, client: &Client) -> Result<Sample> {
        let at = Instant::now();
        let cpu = self.cpu();
        let row = client
            .query_one(
                "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, w.wal_fpi, d.xact_commit,
                     b.n_tup_upd, b.n_tup_hot_upd
                 from pg_stat_wal w
                 join pg_stat_database d on d.datname = current_database()
                 join pg_stat_user_tables b on b.relid = 'points.balance'::regclass",
                &[],
            )
            .await?;
        Ok(Sample {
            at,
            cpu,
            wal_bytes: row.get(0),
            wal_full_pages: row.get(1),
            transactions: row.get(2),
            updates: row.get(3),
            hot_updates: row.get(4),
        })
    }

    fn cpu(&self) -> Option<Cpu> {
        let own = Stat::read("self")?;
        let mut cpu = Cpu { generator: own.own, pgbench: own.ended_children, ..Cpu::default() };
        for entry in fs::read_dir("/proc").ok()?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // A process may end between the listing and the reading.
            let Some(stat) = Stat::read(&pid.to_string()) else {
                continue;
            };
            if pid == self.postmaster {
                cpu.postgres += stat.own + stat.ended_children;
            } else if stat.parent == self.postmaster {
                cpu.postgres += stat.own;
            } else if Some(pid) == self.gateway || Some(stat.parent) == self.gateway {
                cpu.gateway += stat.own;
            }
        }
        cpu.others = machine_seconds()? - cpu.total();
        Some(cpu)
    }
}

/// CPU seconds of all processes since the machine started.
fn machine_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let fields = text.lines().next()?.split_whitespace().skip(1);
    let ticks: Vec<f64> = fields.map_while(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice
    let busy = ticks.iter().take(8).sum::<f64>() - ticks.get(3)? - ticks.get(4)?;
    Some(busy / TICKS_PER_SECOND)
}

struct Stat {
    parent: u32,
    own: f64,
    ended_children: f64,
}

impl Stat {
    fn read(pid: &str) -> Option<Stat> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may contain anything; numbers follow the last of them.
        let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
        Some(Stat {
            parent: fields.get(1)?.parse().ok()?,
            own: (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
            ended_children: (ticks(13)? + ticks(14)?) / TICKS_PER_SECOND,
        })
    }
}

/// Ten thousand sockets need more open files than many systems allow at first. Where this does
/// nothing, that measurement fails and says so.
pub fn raise_open_files() {
    let arguments = [format!("--pid={}", std::process::id()), "--nofile=16384:".to_owned()];
    let enough = fs::read_to_string("/proc/self/limits")
        .ok()
        .and_then(|limits| {
            let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
            line.split_whitespace().nth(3)?.parse::<u64>().ok()
        })
        .is_some_and(|soft| soft >= 16384);
    if !enough {
        // Failing is no error here: see above.
        let _ = Command::new("prlimit").args(arguments).output();
    }
}
