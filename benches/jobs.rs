//! A job that is driven beside the load, as the gateway does while there is something left.

use std::time::Instant;

use hdrhistogram::Histogram;
use tokio::sync::oneshot;
use tokio_postgres::Client;

use crate::Result;
use crate::report::{Report, Row, Target};

/// Milliseconds for which a step may hold the locks of its accounts.
const HELD_AT_MOST: f64 = 100.0;

pub struct Driven {
    accounts: i64,
    seconds: f64,
    /// Microseconds that the steps took. A step holds its locks for less.
    step: Histogram<u64>,
}

/// Steps of a job until the sender speaks or is gone. Where nothing is left, `more` is to be run, or else it fails.
pub async fn drive(
    client: Client,
    job: &'static str,
    more: Option<&'static str>,
    ended: oneshot::Receiver<()>,
) -> Result<Driven> {
    let mut driven = Driven { accounts: 0, seconds: 0.0, step: Histogram::new_with_bounds(1, 60_000_000, 3)? };
    let begun = Instant::now();
    while ended.is_empty() {
        let sent = Instant::now();
        let row = client.query_one("select done, more, failure from api.run_job($1, 1)", &[&job]).await?;
        let took = sent.elapsed();
        driven.step.saturating_record(took.as_micros() as u64);
        driven.accounts += i64::from(row.get::<_, i32>("done"));
        if let Some(failure) = row.get::<_, Option<&str>>("failure") {
            return Err(format!("a step of {job} failed: {failure}").into());
        }
        if !row.get::<_, bool>("more") {
            let more = more.ok_or_else(|| format!("nothing was left for {job} before the measurement ended"))?;
            client.batch_execute(more).await?;
        }
        tokio::time::sleep(jifen::jobs::rest_after(took, false)).await;
    }
    driven.seconds = begun.elapsed().as_secs_f64();
    Ok(driven)
}

impl Driven {
    pub fn report(&self, job: &str, report: &mut Report) {
        let milliseconds = |quantile| self.step.value_at_quantile(quantile) as f64 / 1000.0;
        let row = Row::new(format!("{job}, a step meanwhile: p99"), milliseconds(0.99), "ms");
        report.add(row.against(HELD_AT_MOST).wants(Target::AtMost(1.0)));
        report.detail(Row::new(format!("{job}, a step meanwhile: p50"), milliseconds(0.5), "ms"));
        report.add(Row::new(format!("{job} meanwhile"), self.accounts as f64 / self.seconds, "accounts/s"));
    }
}
