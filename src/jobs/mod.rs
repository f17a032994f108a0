//! What has to be done from time to time: what operators see of it, and the gateway that does it.

mod driver;
mod schedule;

use async_graphql::{Context, InputObject, Object, SimpleObject, dataloader::DataLoader};
use chrono::{DateTime, Utc};
use postgres_types::FromSql;

use crate::{
    access::caller,
    catalogue::{change, check_terms},
    error::Error,
    reads::Reads,
};

pub use driver::{JOB_LOCK, rest_after, run};
pub use schedule::next_run;

/// What has to be done from time to time, and how that goes.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "job")]
pub struct Job {
    /// Stable name, e.g. sweep.
    pub name: String,
    /// What it does.
    pub description: String,
    /// When it runs: a cron expression of five fields in the program's time zone, or an interval such as PT10S.
    pub schedule: String,
    /// Whether it runs by itself.
    pub enabled: bool,
    /// Rows, or whatever it counts, of one step, which is one transaction.
    pub step_limit: i32,
    /// How long a step may take, in seconds.
    pub timeout_seconds: i32,
    /// When it runs next; null: that is not computed yet.
    pub next_run_at: Option<DateTime<Utc>>,
    /// When the last run began; null: never. A run is as many steps as it takes until nothing is left.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; null: it has not, or never ran.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it has done in that run.
    pub done: i32,
    /// How late it is, in seconds: since when it should have run, or what its last step left undone has been due.
    pub lag_seconds: i32,
    /// What failed last; null: nothing ever did.
    pub failure: Option<String>,
    /// When that failed.
    pub failed_at: Option<DateTime<Utc>>,
    /// Steps that failed one after another; 0: the last one did not.
    pub failures: i32,
}

/// Queries about jobs.
#[derive(Default)]
pub struct JobQuery;

#[Object]
impl JobQuery {
    /// All jobs, by name. Needs the scope rules or audit.
    #[graphql(complexity = "20 * child_complexity")]
    async fn jobs(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Job>> {
        caller(context)?;
        Ok(context.data::<DataLoader<Reads>>()?.loader().list("select j from api.job j order by j.name", &[]).await?)
    }
}

/// A job to run now.
#[derive(InputObject)]
pub struct RunJobInput {
    /// The job.
    pub name: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Steps at most, 1 to 100; all of them together may take 5 seconds.
    #[graphql(default = 1, validator(minimum = 1, maximum = 100))]
    pub steps: i32,
}

/// When a job runs.
#[derive(InputObject)]
pub struct SetJobInput {
    /// The job.
    pub name: String,
    /// A cron expression of five fields (minute, hour, day of the month, month, day of the week from 0, Sunday; numbers, *,
    /// lists, ranges and steps) in the program's time zone, or an interval such as PT10S, PT5M or PT1H.
    pub schedule: String,
    /// Whether it runs by itself.
    pub enabled: bool,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// A job that was run.
#[derive(SimpleObject)]
pub struct RunJobPayload {
    /// The job as it stands now.
    job: Job,
    /// True: it was run earlier under this key, and nothing was done now.
    replayed: bool,
    /// Steps done now.
    steps: i32,
    /// What they have done: rows, or whatever the job counts.
    done: i32,
    /// Whether there is more to do; false if it was run earlier.
    more: bool,
    /// What failed in the last step, which then did nothing or less; null: nothing did, or it was run earlier.
    failure: Option<String>,
}

/// A job with another schedule.
#[derive(SimpleObject)]
pub struct SetJobPayload {
    /// The job as it stands now.
    job: Job,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of jobs.
#[derive(Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Runs a job now, enabled or not, until nothing is left or the steps are done; its next run stays. Needs the scope
    /// rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn run_job(&self, context: &Context<'_>, input: RunJobInput) -> async_graphql::Result<RunJobPayload> {
        check_terms(&[("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        let row = change(
            context,
            "select r.* from api.run_job($2, $4, $3, (select name from api.client where id = $1)) r",
            &[&caller(context)?.id, &input.name, &input.idempotency_key, &input.steps],
        )
        .await?;
        Ok(RunJobPayload {
            job: row.get("job"),
            replayed: row.get("replayed"),
            steps: row.get("steps"),
            done: row.get("done"),
            more: row.get("more"),
            failure: row.get("failure"),
        })
    }

    /// Says when a job runs, and whether it does by itself. Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT.
    async fn set_job(&self, context: &Context<'_>, input: SetJobInput) -> async_graphql::Result<SetJobPayload> {
        let client_id = caller(context)?.id;
        check_terms(
            &[("name", &input.name), ("schedule", &input.schedule), ("idempotencyKey", &input.idempotency_key)],
            &[],
        )?;
        next_run(&input.schedule, "UTC", Utc::now())
            .map_err(|failure| Error::invalid_input("schedule", &failure).within(&["input"]))?;
        let row = change(
            context,
            "select r.* from api.set_job($2, $3, $4, $5, (select name from api.client where id = $1)) r",
            &[&client_id, &input.name, &input.schedule, &input.enabled, &input.idempotency_key],
        )
        .await?;
        Ok(SetJobPayload { job: row.get("job"), replayed: row.get("replayed") })
    }
}
