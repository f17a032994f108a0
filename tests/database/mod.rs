//! The SQL, called directly.

mod batch;
mod concurrency;
mod earn_points;
mod history;
pub mod laws;
mod ledger_model;
mod model;
