//! The SQL, called directly.

mod earn_points;
mod history;
mod laws;
mod ledger_model;
mod model;
