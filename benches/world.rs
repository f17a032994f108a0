//! What is measured: one durable server with two databases, Jifen's and pgbench's, and a gateway.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};
use jifen::embedded::{Durability, Options, Server};
use tokio_postgres::{Client, NoTls};

use crate::gateway::Gateway;
use crate::report::{Report, Row, say};
use crate::requests::USER_DIGITS;
use crate::usage::{Processes, Sample};
use crate::{Result, Scale, pgbench, sql};

const DATABASE: &str = "jifen_bench";
const BASELINE: &str = "pgbench_baseline";

/// The server and the folder with its data.
pub struct Host {
    server: Server,
    folder: PathBuf,
}

impl Host {
    pub async fn start(
        parent: Option<PathBuf>,
        pg_bin: Option<PathBuf>,
        settings: Vec<(String, String)>,
    ) -> Result<Self> {
        let folder = parent.unwrap_or_else(std::env::temp_dir).join(format!("jifen-bench-{}", std::process::id()));
        say(format!("starting a durable server in {}", folder.display()));
        let server = Server::start(Options {
            data_dir: folder.clone(),
            durability: Durability::Durable,
            settings,
            max_connections: 100,
            pg_bin,
        })
        .await?;
        Ok(Self { server, folder })
    }

    /// Stops the server and removes its data.
    pub async fn stop(self) -> Result<()> {
        say("stopping the server");
        self.server.stop().await?;
        fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

/// Rows of points.operation.
#[derive(Clone, Copy)]
pub struct RowCounts {
    pub done: i64,
    pub refused: i64,
}

pub struct World {
    pub scale: Scale,
    pub pgbench: PathBuf,
    pub baseline_url: String,
    /// Numbers of the members, by bucket.
    pub members: Vec<Vec<i32>>,
    database_url: String,
    folder: PathBuf,
    client: Client,
    processes: Processes,
    gateway: Option<Gateway>,
    measurements: AtomicU64,
}

impl World {
    /// Makes the databases and starts the gateway, which migrates its own.
    pub async fn new(host: &Host, scale: Scale) -> Result<Self> {
        let pgbench = pgbench::find(host.server.bin_dir())?;
        let maintenance = connect(&host.server.url("postgres")).await?;
        maintenance.batch_execute(&format!("create database {DATABASE}")).await?;
        maintenance.batch_execute(&format!("create database {BASELINE}")).await?;
        say("starting the gateway, which migrates the database");
        let database_url = host.server.url(DATABASE);
        let gateway = Gateway::start(&database_url).await?;
        let client = connect(&database_url).await?;
        let processes = Processes { postmaster: host.server.postmaster_pid(), gateway: gateway.pid() };
        Ok(Self {
            scale,
            pgbench,
            baseline_url: host.server.url(BASELINE),
            members: Vec::new(),
            database_url,
            folder: host.folder.clone(),
            client,
            processes,
            gateway: Some(gateway),
            measurements: AtomicU64::new(0),
        })
    }

    /// Makes the accounts and pgbench's tables, and leaves the server as it is some time after a checkpoint.
    pub async fn fill(&mut self, report: &mut Report) -> Result<()> {
        pgbench::fill(self).await?;
        say(format!("making {} accounts through the engine", self.scale.accounts));
        self.members = self.members_by_bucket().await?;
        let start = Instant::now();
        sql::award_members(self, report, 1).await?;
        let per_second = self.scale.accounts as f64 / start.elapsed().as_secs_f64();
        report.add(Row::new("first awards to new members, 500 a call", per_second, "awards/s"));
        self.settle(report).await
    }

    /// Leaves the server as it is some time after a checkpoint.
    pub async fn settle(&self, report: &mut Report) -> Result<()> {
        say("vacuum analyze, checkpoint");
        self.client.batch_execute("vacuum (analyze)").await?;
        self.client.batch_execute("checkpoint").await?;
        say("changing each page once, so that no measurement pays for the checkpoint");
        pgbench::touch_pages(self).await?;
        // At the table's fillfactor a page holds more accounts than this.
        sql::award_members(self, report, 20).await
    }

    /// Seals and counts what was booked so far, so that no measurement pays for what was booked before it. What a load books
    /// itself is sealed and counted meanwhile, as always.
    pub async fn let_jobs_catch_up(&self) -> Result<()> {
        self.run_job("mend_indexes").await?;
        // The first step of a bucket seals up to a mark, and sets the next one.
        for _ in 0..2 {
            self.client.batch_execute("update points.seal_window set looked_at = '-infinity'").await?;
            self.run_job("seal").await?;
            self.run_job("count_flows").await?;
        }
        Ok(())
    }

    /// Runs a job to its end, if it is enabled.
    pub async fn run_job(&self, name: &str) -> Result<()> {
        let step = "select r.more, r.failure from api.job j cross join lateral api.run_job(j.name) r where j.name = $1 and j.enabled";
        while let Some(row) = self.client.query_opt(step, &[&name]).await? {
            if let Some(failure) = row.get::<_, Option<&str>>("failure") {
                return Err(format!("the job {name} failed: {failure}").into());
            }
            if !row.get::<_, bool>("more") {
                break;
            }
        }
        Ok(())
    }

    /// From now on there are so many accounts.
    pub async fn grow(&mut self, accounts: u64) -> Result<()> {
        self.scale.accounts = accounts;
        self.members = self.members_by_bucket().await?;
        Ok(())
    }

    async fn members_by_bucket(&self) -> Result<Vec<Vec<i32>>> {
        let rows = self
            .client
            .query(
                "select array_agg(number order by number)
                 from (select number, points.bucket('member-' || lpad(number::text, $2, '0'), 'points') as bucket
                       from generate_series(0, $1 - 1) as number) as member
                 group by bucket order by bucket",
                &[&(self.scale.accounts as i32), &(USER_DIGITS as i32)],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// By the server's clock.
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        Ok(self.client.query_one("select clock_timestamp()", &[]).await?.get(0))
    }

    /// What was recorded since then.
    pub async fn row_counts(&self, since: DateTime<Utc>) -> Result<RowCounts> {
        let sql = "select count(*) filter (where refusal is null), count(*) filter (where refusal is not null)
                   from points.operation where kind in ('earn', 'spend', 'redeem') and recorded_at >= $1";
        let row = self.client.query_one(sql, &[&since]).await?;
        Ok(RowCounts { done: row.get(0), refused: row.get(1) })
    }

    /// Bytes of all tables and indexes of the engine.
    pub async fn disk_bytes(&self) -> Result<i64> {
        let sql = "select sum(pg_total_relation_size(oid))::bigint from pg_class
                   where relnamespace = 'points'::regnamespace and relkind = 'r'";
        Ok(self.client.query_one(sql, &[]).await?.get(0))
    }

    pub async fn sample(&self) -> Result<Sample> {
        self.processes.sample(&self.client).await
    }

    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    pub async fn connect(&self) -> Result<Client> {
        connect(&self.database_url).await
    }

    pub async fn connect_to_baseline(&self) -> Result<Client> {
        connect(&self.baseline_url).await
    }

    /// Where files may be left: the folder is removed at the end.
    pub fn scratch(&self) -> &Path {
        &self.folder
    }

    /// A number for the keys of a measurement.
    pub fn next_measurement(&self) -> u64 {
        self.measurements.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn gateway_address(&self) -> Result<SocketAddr> {
        Ok(self.gateway.as_ref().ok_or("the gateway is stopped")?.address)
    }

    pub fn gateway_pid(&self) -> Option<u32> {
        self.processes.gateway
    }

    /// The CPU of this process, and of its children, is that of the gateway while there is none.
    pub fn count_as_gateway(&mut self, pid: Option<u32>) {
        self.processes.gateway = pid;
    }

    /// Starts it again where it is stopped.
    pub async fn start_gateway(&mut self) -> Result<()> {
        if self.gateway.is_none() {
            say("starting the gateway");
            let gateway = Gateway::start(&self.database_url).await?;
            self.processes.gateway = gateway.pid();
            self.gateway = Some(gateway);
        }
        Ok(())
    }

    pub async fn stop_gateway(&mut self) -> Result<()> {
        if let Some(gateway) = self.gateway.take() {
            say("stopping the gateway");
            self.processes.gateway = None;
            gateway.stop().await?;
        }
        Ok(())
    }
}

async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            say(format!("a connection to PostgreSQL broke: {error}"));
        }
    });
    Ok(client)
}
