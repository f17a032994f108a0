//! The way of operations that touch two accounts or more: one call each on a connection of the pool, since no lane owns
//! both buckets. Correctness rests on row locks, which SQL takes in one order everywhere.

use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio::time::timeout;
use tokio_postgres::{Row, error::SqlState, types::ToSql};
use tracing::warn;

use crate::{
    database::{self, CALL_TIMEOUT, NO_ANSWER},
    error::{self, Error},
    ledger::Request,
    operation::Outcome,
    request::timed,
};

/// From the call until its caller is answered, whatever happens.
const DEADLINE: Duration = Duration::from_secs(10);
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Calls of functions that lock what they need by themselves.
#[derive(Clone)]
pub struct Pairs {
    pool: Pool,
}

impl Pairs {
    /// Calls this database.
    pub fn new(pool: Pool) -> Self {
        Pairs { pool }
    }

    /// Carries out one operation on two accounts: a transfer and what comes of it, or a merge.
    pub async fn execute(&self, request: &Request) -> Result<Outcome, Error> {
        request.check()?;
        let row = self.call(EXECUTE_PAIR, &[request]).await?;
        Outcome::from_row(&row).map_err(|error| Error::internal(&error::describe(&error)))?
    }

    /// Erases a member. The row is one of `api.execute_erase`.
    pub async fn erase(&self, request: &Request) -> Result<Row, Error> {
        request.check()?;
        self.call(EXECUTE_ERASE, &[request]).await
    }

    /// What an operation would give. The row is one of `api.execute_preview`.
    pub async fn preview(&self, request: &Request) -> Result<Row, Error> {
        request.check()?;
        self.call(EXECUTE_PREVIEW, &[request]).await
    }

    /// The one row of a statement, sent again while that is safe: each claims an idempotency key, or changes
    /// nothing.
    async fn call(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        let deadline = Instant::now() + DEADLINE;
        let mut unknown = false;
        loop {
            match self.try_call(sql, parameters, deadline, &mut unknown).await {
                Ok(row) => return Ok(row),
                Err(Again(cause)) if Instant::now() < deadline => {
                    warn!("sending again: {cause}");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(Again(_)) if unknown => return Err(Error::outcome_unknown()),
                Err(Again(_)) => return Err(Error::overloaded()),
                Err(Fault(error)) if unknown => return Err(error.after_unknown()),
                Err(Fault(error)) => return Err(error),
            }
        }
    }

    async fn try_call(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
        deadline: Instant,
        unknown: &mut bool,
    ) -> Result<Row, Failure> {
        let limit = || CALL_TIMEOUT.min(deadline.saturating_duration_since(Instant::now()));
        let taken = timeout(limit(), database::take(&self.pool)).await.map_err(|_| Again(NO_ANSWER.to_owned()))?;
        let connection = taken.map_err(|error| Fault(error.into()))?;
        // Until the call itself is sent, nothing can have been done.
        let statement = match timeout(limit(), connection.prepare_cached(sql)).await {
            Err(_) => return Err(Again(NO_ANSWER.to_owned())),
            Ok(Err(error)) if error::is_lost(&error) => return Err(Again(error::describe(&error))),
            Ok(prepared) => prepared.map_err(|error| Fault(error.into()))?,
        };
        let call = timeout(limit(), connection.query_one(&statement, parameters));
        let Ok(result) = timed(&statement, sql, parameters, call).await else {
            *unknown = true;
            return Err(Again(NO_ANSWER.to_owned()));
        };
        // A standby is left: another server takes writes, or the same one soon.
        let standby = |error: &tokio_postgres::Error| error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION);
        if !result.as_ref().is_err_and(standby) {
            database::give_back(connection);
        }
        result.map_err(|error| match error.code() {
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Again(error::describe(&error)),
            // A deadlock can't be with ours alone, and a serialization failure says that an account was closed meanwhile.
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED) => {
                Again(error::describe(&error))
            }
            _ if error::is_lost(&error) => {
                *unknown = true;
                Again(error::describe(&error))
            }
            _ => Fault(error.into()),
        })
    }
}

enum Failure {
    /// The same call may go through.
    Again(String),
    /// It will not.
    Fault(Error),
}
use Failure::{Again, Fault};

const EXECUTE_PAIR: &str = "select * from api.execute_pair($1)";

const EXECUTE_ERASE: &str = "select * from api.execute_erase($1)";

const EXECUTE_PREVIEW: &str = "select * from api.execute_preview($1)";
