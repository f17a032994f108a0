//! `jifen jobs`: what has to be done from time to time.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::say;
use crate::{
    database::{self, Config},
    error,
};

/// Between looks at what others are about.
const PAUSE: Duration = Duration::from_secs(1);
/// How long others may be about what is left, as long as nothing comes of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a jobs command failed.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// There is no connection.
    #[error(transparent)]
    Unreachable(#[from] database::Unreachable),
    /// PostgreSQL refused it.
    #[error("{}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// There is no such job.
    #[error("no job named {0}; `jifen jobs` shows them")]
    Unknown(String),
    /// A step of the job failed.
    #[error("{0} failed: {1}")]
    Failed(String, String),
    /// Something is left, and others do not let it go.
    #[error("others are still about what is left of {0}; run it again later")]
    Busy(String),
}

/// Prints the jobs and how they go.
pub async fn list_jobs(config: &Config) -> Result<(), JobsError> {
    let client = database::open(config).await?;
    say(format_args!(
        "{:<20} {:<14} {:<20} {:>10} {:>8} {:<20} FAILURE",
        "JOB", "SCHEDULE", "LAST RUN", "DONE", "LAG", "NEXT RUN"
    ));
    for row in client.query("select * from api.job order by name", &[]).await? {
        say(line(&row));
    }
    Ok(())
}

fn line(row: &Row) -> String {
    let instant = |column: &str| {
        let at: Option<DateTime<Utc>> = row.get(column);
        at.map_or("-".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
    };
    let failures: i32 = row.get("failures");
    let failure = match row.get::<_, Option<&str>>("failure") {
        None => "-".to_owned(),
        Some(failure) if failures > 0 => format!("{failures} now: {failure}"),
        Some(failure) => format!("{}: {failure}", instant("failed_at")),
    };
    format!(
        "{:<20} {:<14} {:<20} {:>10} {:>7}s {:<20} {failure}",
        row.get::<_, &str>("name"),
        row.get::<_, &str>("schedule"),
        instant("started_at"),
        row.get::<_, i32>("done"),
        row.get::<_, i32>("lag_seconds"),
        if row.get("enabled") { instant("next_run_at") } else { "off".to_owned() },
    )
}

/// Runs a job until nothing is left: each step is a transaction of its own, as the gateway's are.
pub async fn run_job(config: &Config, name: &str) -> Result<(), JobsError> {
    let client = database::open(config).await?;
    if client.query_opt("select from api.job where name = $1", &[&name]).await?.is_none() {
        return Err(JobsError::Unknown(name.to_owned()));
    }
    let (mut steps, mut done, mut last_done) = (0, 0, Instant::now());
    let ended = loop {
        let row = client.query_one("select * from api.run_job($1)", &[&name]).await?;
        steps += row.get::<_, i32>("steps");
        done += row.get::<_, i32>("done");
        if let Some(failure) = row.get::<_, Option<String>>("failure") {
            break Err(JobsError::Failed(name.to_owned(), failure));
        }
        if !row.get::<_, bool>("more") {
            break Ok(());
        }
        if row.get::<_, i32>("done") > 0 {
            last_done = Instant::now();
        } else if last_done.elapsed() > PATIENCE {
            break Err(JobsError::Busy(name.to_owned()));
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    };
    say(format_args!("{name}: {done} done in {steps} steps."));
    ended
}
