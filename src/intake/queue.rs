//! Rows on their way into the queue.

use std::sync::Arc;

use deadpool_postgres::Pool;
use postgres_types::{Json, ToSql};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    database::{self, CALL_TIMEOUT},
    error::{Error, is_lost},
    ledger::Request,
};

/// Rows of a piece: what a worker takes at a time.
pub const PIECE: usize = 500;
/// Submissions that are stored at a time; one more is refused, before it waits in memory.
const SUBMISSIONS: usize = 16;
/// Files that are read at a time.
const UPLOADS: usize = 4;

/// The way into the queue.
#[derive(Clone)]
pub struct Intake(Arc<Inner>);

struct Inner {
    pool: Pool,
    submissions: Semaphore,
    uploads: Arc<Semaphore>,
    /// This gateway has made something that can be taken.
    ready: Notify,
}

/// A batch that is queued.
#[derive(Clone, Debug)]
pub struct Queued {
    /// Names it.
    pub ticket: Uuid,
    /// It was queued earlier under its key.
    pub replayed: bool,
    /// Numbers of the rows that are set aside, from 1.
    pub set_aside: Vec<i32>,
}

/// Why nothing was queued.
#[derive(Debug)]
pub struct Fault {
    /// The row at fault, from 0; None: it is none of them.
    pub row: Option<usize>,
    pub error: Error,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault { row: None, error }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_lost(&error) {
            return Error::outcome_unknown().into();
        }
        let detail: Option<Value> =
            error.as_db_error().and_then(|db| db.detail()).and_then(|detail| serde_json::from_str(detail).ok());
        let row = detail.and_then(|detail| detail["row"].as_u64()).and_then(|row| usize::try_from(row).ok());
        Fault { row: row.and_then(|row| row.checked_sub(1)), error: error.into() }
    }
}

/// An upload that is under way.
#[derive(Clone, Copy, Debug)]
pub struct Upload {
    pub client_id: i32,
    pub ticket: Uuid,
    /// There is a batch under its key, so its rows are only compared.
    pub known: bool,
}

/// Rows as they are stored, and what they come to.
#[derive(Default)]
pub struct Rows {
    hash: Sha256,
}

impl Rows {
    /// A row as it is stored: without what it does not say.
    pub fn write(&mut self, request: &Request) -> Result<Value, Error> {
        let mut row = serde_json::to_value(request).map_err(|error| Error::internal(&error))?;
        if let Value::Object(fields) = &mut row {
            fields.retain(|_, value| !value.is_null());
        }
        self.add(&row);
        Ok(row)
    }

    /// Counts a row that is stored as it is.
    pub fn add(&mut self, row: &Value) {
        self.hash.update(row.to_string());
        self.hash.update("\n");
    }

    /// The same for the same rows.
    pub fn fingerprint(self) -> [u8; 32] {
        self.hash.finalize().into()
    }
}

impl Intake {
    /// Into this database.
    pub fn new(pool: Pool) -> Self {
        Intake(Arc::new(Inner {
            pool,
            submissions: Semaphore::new(SUBMISSIONS),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            ready: Notify::new(),
        }))
    }

    /// Queues operations, all or none.
    pub async fn submit(
        &self,
        client_id: i32,
        key: &str,
        label: Option<&str>,
        requests: &[Request],
    ) -> Result<Queued, Fault> {
        let _place = self.0.submissions.try_acquire().map_err(|_| Error::overloaded())?;
        let mut rows = Rows::default();
        let values = requests.iter().map(|request| rows.write(request)).collect::<Result<Vec<_>, _>>()?;
        self.submit_rows(client_id, key, label, &values, &rows.fingerprint(), false).await
    }

    /// Queues rows. With `set_aside` those at fault become failed rows; otherwise they keep all from being queued.
    pub async fn submit_rows(
        &self,
        client_id: i32,
        key: &str,
        label: Option<&str>,
        rows: &[Value],
        fingerprint: &[u8; 32],
        set_aside: bool,
    ) -> Result<Queued, Fault> {
        let fingerprint: &[u8] = fingerprint;
        let row = self.call(SUBMIT, &[&client_id, &key, &label, &fingerprint, &Json(rows), &set_aside]).await?;
        self.wake();
        Ok(Queued {
            ticket: row.try_get("ticket")?,
            replayed: row.try_get("replayed")?,
            set_aside: row.try_get("set_aside")?,
        })
    }

    /// Room to read a file, as long as it is kept.
    pub fn place(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.0.uploads.clone().try_acquire_owned().map_err(|_| Error::overloaded())
    }

    /// Begins an upload.
    pub async fn open(&self, client_id: i32, key: &str, label: Option<&str>) -> Result<Upload, Fault> {
        let row = self.call("select * from api.open_batch($1, $2, $3)", &[&client_id, &key, &label]).await?;
        Ok(Upload { client_id, ticket: row.try_get("ticket")?, known: row.try_get("known")? })
    }

    /// Adds rows to an upload.
    pub async fn append(&self, upload: &Upload, rows: &[Value]) -> Result<(), Fault> {
        self.call("select api.append_rows($1, $2, $3)", &[&upload.client_id, &upload.ticket, &Json(rows)]).await?;
        Ok(())
    }

    /// Ends an upload: its rows are carried out from now on.
    pub async fn close(
        &self,
        upload: &Upload,
        key: &str,
        label: Option<&str>,
        fingerprint: &[u8; 32],
    ) -> Result<Queued, Fault> {
        let fingerprint: &[u8] = fingerprint;
        let close = "select * from api.close_batch($1, $2, $3, $4, $5)";
        let row = self.call(close, &[&upload.client_id, &upload.ticket, &key, &label, &fingerprint]).await?;
        self.wake();
        Ok(Queued { ticket: row.try_get("ticket")?, replayed: row.try_get("replayed")?, set_aside: Vec::new() })
    }

    /// Gives an upload up. What is not dropped now is after an hour.
    pub async fn drop(&self, upload: &Upload) -> Result<(), Fault> {
        self.call("select api.drop_batch($1, $2)", &[&upload.client_id, &upload.ticket]).await?;
        Ok(())
    }

    /// Says that there may be something to take.
    pub fn wake(&self) {
        self.0.ready.notify_one();
    }

    /// Waits until this gateway says so.
    pub async fn ready(&self) {
        self.0.ready.notified().await;
    }

    pub async fn call(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Fault> {
        let mut rows = self.query(sql, parameters).await?;
        rows.pop().ok_or_else(|| Error::internal(&format!("no answer to {sql}")).into())
    }

    pub async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        match database::query(&self.0.pool, CALL_TIMEOUT, sql, parameters).await {
            Err(database::Fault::Late) => Err(Error::outcome_unknown().into()),
            Err(database::Fault::Postgres(error)) => Err(error.into()),
            rows => Ok(rows.map_err(Error::from)?),
        }
    }
}

const SUBMIT: &str = "select * from api.submit_operations($1, $2, $3, $4, $5, $6)";
