//! The SQL, called directly.

mod adjust_points;
mod alerts;
mod append_only;
mod archive;
mod backtest;
mod batch;
mod batches;
mod campaigns;
mod concurrency;
mod constraints;
mod deductions;
mod doctor;
mod earn_points;
mod erase;
mod execute;
mod expiry_and_activation;
mod expiry_changes;
mod explain;
mod flows;
mod history;
mod holds;
mod idempotency;
mod idle;
mod indexes;
mod input_faults;
mod invitations;
mod jobs;
pub mod laws;
mod ledger_model;
mod level_jobs;
mod level_laws;
mod level_model;
mod levels;
mod merge;
mod merge_laws;
mod model;
mod notices;
mod once;
mod origins;
mod partitions;
mod preview;
mod privileges;
mod reconcile;
mod returns;
mod reviews;
mod reward_model;
mod reward_races;
mod rewards;
mod rule_versions;
mod rules;
mod seals;
mod sign_in;
mod spend_points;
mod sweep;
mod tasks;
mod transfer_model;
mod transfers;
mod webhooks;

pub use laws::{assert_laws, assert_laws_alone, tell_everything};
pub use reconcile::assert_reconciled;

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Error};

use crate::common::{Outcome, Request, execute};

/// One operation by itself.
async fn one(client: &Client, request: Request, now: Option<DateTime<Utc>>) -> Outcome {
    execute(client, &[request], now).await.remove(0)
}

/// The SQLSTATE of a failure.
fn sqlstate<T>(result: Result<T, Error>) -> String {
    let error = result.err().expect("it must fail");
    error.code().unwrap_or_else(|| panic!("{error}")).code().to_owned()
}

/// A number from one row.
async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// A new rule with one version that is always in force; `columns` and `values` are those of `points.rule_version`.
async fn make_rule(client: &Client, code: &str, columns: &str, values: &str) {
    client
        .batch_execute(&format!(
            "insert into points.rule (code, name) values ('{code}', '{code}') on conflict do nothing;
             insert into points.rule_version (rule, version, starts_at, {columns})
             values ('{code}', 1, '-infinity', {values})"
        ))
        .await
        .unwrap();
}
