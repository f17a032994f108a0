//! What every test against a database shares: one throw-away server, a database for each test, and calls of the engine
//! with a clock that the test sets.

mod certificates;
mod cluster;
mod database;
mod guide;
mod histories;
mod ledger;
mod programs;
mod proxy;
mod random;
mod receiver;
mod signature;

pub use certificates::Authority;
pub use database::Database;
pub use guide::{Block, blocks};
pub use histories::{MANY, Renewed, check_histories, count, new_seeds, runner, seeds};
pub use ledger::{Account, Entry, Kind, Outcome, Request, bucket, execute, instant, operation_id, try_execute};
pub use programs::{is_missing, say_skipped};
pub use proxy::{Fault, MARK, Proxy, marked};
pub use random::Random;
pub use receiver::Receiver;
pub use signature::signature;
