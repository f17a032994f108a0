//! Drives the jobs, in one of all gateways: the one whose connection holds the lock. When it dies, or its connection,
//! another one takes over where it stopped, since a step is a transaction and the plan is in the table. Slow jobs have
//! a connection and a lock of their own, so that no other job waits for them.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Row};
use tracing::{debug, info, warn};

use super::schedule::next_run;
use crate::{
    database::{self, CALL_TIMEOUT, Config, NO_ANSWER, within},
    error::brief,
};

/// Held by the session that drives the jobs of a database, but for the slow ones.
pub const JOB_LOCK: i64 = 0x6a69_6665_6e02;
/// Held by the session that drives the slow ones.
const SLOW_JOB_LOCK: i64 = 0x6a69_6665_6e03;
/// How often to look for what is due, or for the lock.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_REST: Duration = Duration::from_secs(1);
/// Of slow jobs. No longer, as the others among them wait, and an idle session ends.
const LONGEST_SLOW_REST: Duration = Duration::from_secs(5);
const RECONNECT_PAUSE: Duration = Duration::from_secs(2);
/// The lock must not outlive a machine that is gone, or a process that stands still.
const SESSION_OPTIONS: &str = "-c idle_session_timeout=60s -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 \
    -c tcp_keepalives_count=3";

/// Drives the jobs for ever, while no other gateway does.
pub async fn run(config: Config) {
    let mut config = database::as_gateway(&config);
    config.add_options(SESSION_OPTIONS);
    tokio::join!(drive_always(&config, false), drive_always(&config, true));
}

async fn drive_always(config: &Config, slow: bool) {
    loop {
        let Err(failure) = drive(config, slow).await;
        warn!(slow, "jobs: {failure}; connecting again");
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

async fn drive(config: &Config, slow: bool) -> Result<Infallible, String> {
    let client = within(CALL_TIMEOUT, database::session(config)).await?;
    let lock = if slow { SLOW_JOB_LOCK } else { JOB_LOCK };
    let try_lock = async || {
        let row = within(CALL_TIMEOUT, client.query_one("select pg_try_advisory_lock($1)", &[&lock])).await?;
        Ok::<bool, String>(row.get(0))
    };
    while !try_lock().await? {
        tokio::time::sleep(PAUSE).await;
    }
    info!(slow, "this gateway drives the jobs");
    loop {
        // Nothing is prepared for longer: a migration may change these functions meanwhile.
        match within(CALL_TIMEOUT, client.query_opt("select * from api.next_job($1)", &[&slow])).await? {
            Some(row) => {
                let begun = Instant::now();
                step(&client, &row).await?;
                tokio::time::sleep(rest_after(begun.elapsed(), slow)).await;
            }
            None => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// How long to rest after a step that took so long: what jobs do is not urgent, and those who book want the machine, too.
/// Jobs have two thirds of the time, for they must keep up.
pub fn rest_after(step: Duration, slow: bool) -> Duration {
    (step / 2).min(if slow { LONGEST_SLOW_REST } else { LONGEST_REST })
}

/// One step of the job that is due, or its plan.
async fn step(client: &Client, due: &Row) -> Result<(), String> {
    let name: &str = due.get("name");
    let next = match next_run(due.get("schedule"), due.get("time_zone"), due.get("at")) {
        Ok(next) => next,
        Err(failure) => return put_off(client, name, None, Some(&failure)).await,
    };
    if next.is_some() && due.get::<_, Option<bool>>("planned") != Some(true) {
        return put_off(client, name, next, None).await;
    }
    let seconds = due.get::<_, i32>("timeout_seconds");
    let timeout = format!("{seconds}s");
    within(CALL_TIMEOUT, client.query_one("select set_config('statement_timeout', $1, false)", &[&timeout])).await?;
    let limit = CALL_TIMEOUT + Duration::from_secs(seconds.unsigned_abs().into());
    let taken = async { client.query_opt("select * from api.take_step($1, $2)", &[&name, &next]).await };
    let row = match tokio::time::timeout(limit, taken).await {
        Ok(Ok(Some(row))) => row,
        // Somebody else runs it.
        Ok(Ok(None)) => return Ok(()),
        Ok(Err(failure)) if failure.as_db_error().is_some() => {
            return put_off(client, name, None, Some(&brief(&failure))).await;
        }
        Ok(Err(failure)) => return Err(brief(&failure)),
        Err(_) => return Err(NO_ANSWER.to_owned()),
    };
    let done: i32 = row.get("done");
    match row.get::<_, Option<&str>>("failure") {
        Some(failure) => warn!(job = name, failures = row.get::<_, i32>("failures"), "job failed: {failure}"),
        None if done > 0 => debug!(job = name, done, "job"),
        None => {}
    }
    Ok(())
}

async fn put_off(
    client: &Client,
    name: &str,
    next: Option<DateTime<Utc>>,
    failure: Option<&str>,
) -> Result<(), String> {
    if let Some(failure) = failure {
        warn!(job = name, "job failed: {failure}");
    }
    within(CALL_TIMEOUT, client.execute("select api.put_off($1, $2, $3)", &[&name, &next, &failure])).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_is_so_long_that_others_wait_for_its_rest() {
        let rest = |seconds, slow| rest_after(Duration::from_secs(seconds), slow).as_secs();
        assert_eq!((rest(1, false), rest(8, true), rest(3600, false), rest(3600, true)), (0, 4, 1, 5));
    }
}
