//! Batches: operations that are submitted together, kept in the database, and carried out later, through the lanes like
//! every other write.
//!
//! [`queue`] takes them in, [`worker`] carries them out, [`http`] takes files and gives them back, [`event`] understands
//! what brokers bring. `docs/intake.md` says how it behaves.

pub mod event;
mod http;
mod queue;
mod table;
mod worker;

use std::sync::Arc;

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Json, Object, OneofObject, SimpleObject, Subscription,
    connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, stream};
use postgres_types::{FromSql, ToSql};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    access::caller,
    account::{bad_cursor, connection, page_complexity, page_size},
    catalogue::check_terms,
    client::Caller,
    error::Error,
    feed::{Feed, Shared},
    ledger::{AdjustPointsInput, EarnPointsInput, Request, SpendPointsInput},
    reads::Reads,
    scalars::Points,
};

pub use http::routes;
pub use queue::{Intake, Queued, Rows};
pub use worker::Workers;

/// How far a batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql)]
#[postgres(name = "batch_state", rename_all = "snake_case")]
pub enum BatchState {
    /// Nobody has begun with it.
    Queued,
    /// Some of its rows are answered, or being carried out.
    Running,
    /// All of its rows are answered.
    Done,
}

/// What has become of a row of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql, ToSql)]
#[postgres(name = "row_state", rename_all = "snake_case")]
pub enum RowState {
    /// It waits, or is being carried out.
    Waiting,
    /// It was carried out, now or earlier under its key.
    Done,
    /// It was refused.
    Refused,
    /// It could not be carried out, and was set aside. Sent again under its key it is done once at most.
    Failed,
}

/// Operations that were submitted together and are carried out later, and how that goes.
#[derive(Clone, Debug, PartialEq, FromSql, SimpleObject)]
#[postgres(name = "batch")]
#[graphql(complex)]
pub struct Batch {
    #[graphql(skip)]
    pub ticket: Uuid,
    #[graphql(skip)]
    pub client_id: i32,
    /// Whose it is.
    pub client: String,
    /// The client's key of the batch.
    pub idempotency_key: String,
    /// Name for people; null: none.
    pub label: Option<String>,
    /// How far it has come.
    pub state: BatchState,
    /// Rows.
    pub size: i32,
    /// Rows that are not answered yet.
    pub waiting: i32,
    /// Rows carried out, now or earlier under their keys.
    pub done: i32,
    /// Rows refused.
    pub refused: i32,
    /// Rows set aside.
    pub failed: i32,
    /// When it was whole, and its rows began to wait.
    pub queued_at: DateTime<Utc>,
    /// When the first of its rows were taken; null: not yet.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last row was answered; null: not yet.
    pub done_at: Option<DateTime<Utc>>,
    /// How often the rows that are next were tried; above 1: faults hold it up.
    pub attempts: i32,
}

#[ComplexObject]
impl Batch {
    /// Names it, for batch, batchProgress and GET /batches/TICKET.csv.
    async fn ticket(&self) -> ID {
        ID::from(self.ticket)
    }

    /// Its rows, by number, or those in a state. At most 100 a page, 20 unless asked; GET /batches/TICKET.csv has all.
    /// INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn rows(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        state: Option<RowState>,
    ) -> async_graphql::Result<Connection<String, BatchRow>> {
        let first = page_size(first)?;
        let number = match after.as_deref().map(str::parse) {
            None => 0,
            Some(Ok(number)) if number >= 0 => number,
            Some(_) => return Err(bad_cursor().into()),
        };
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let rows = reads.query(ROWS, &[&self.ticket, &number, &(first + 1), &state]).await?;
        let rows = rows.iter().map(BatchRow::from_row).collect::<Result<Vec<_>, _>>().map_err(Error::from)?;
        Ok(connection(rows, first, after.is_some(), |row| row.number.to_string()))
    }
}

/// A row of a batch, and what came of it.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct BatchRow {
    /// Its place in the batch, from 1.
    pub number: i32,
    /// Its key.
    pub idempotency_key: Option<String>,
    /// What has become of it.
    pub state: RowState,
    #[graphql(skip)]
    pub points: Option<i64>,
    #[graphql(skip)]
    pub operation_id: Option<Uuid>,
    /// REFUSED and FAILED: the code, as of the mutation for one operation; null otherwise.
    pub code: Option<String>,
    /// REFUSED and FAILED: the reason, for people; null otherwise.
    pub message: Option<String>,
    /// Facts, by code; null: there are none.
    pub details: Option<Json<Value>>,
}

#[ComplexObject]
impl BatchRow {
    /// DONE: points that it moved, as Operation.points; null otherwise.
    async fn points(&self) -> Option<Points> {
        self.points.map(Points)
    }

    /// DONE: id of the operation, which operation finds with the member's userId; null otherwise.
    async fn operation_id(&self) -> Option<ID> {
        self.operation_id.map(ID::from)
    }
}

impl BatchRow {
    fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(BatchRow {
            number: row.try_get("number")?,
            idempotency_key: row.try_get("idempotency_key")?,
            state: row.try_get("state")?,
            points: row.try_get("points")?,
            operation_id: row.try_get("operation_id")?,
            code: row.try_get("code")?,
            message: row.try_get("message")?,
            details: row.try_get::<_, Option<Value>>("details")?.map(Json),
        })
    }
}

/// One operation of a batch: exactly one of these.
#[derive(OneofObject)]
pub enum OperationInput {
    /// As of earnPoints.
    Earn(EarnPointsInput),
    /// As of spendPoints.
    Spend(SpendPointsInput),
    /// As of adjustPoints.
    Adjust(AdjustPointsInput),
}

impl OperationInput {
    fn name(&self) -> &'static str {
        match self {
            OperationInput::Earn(_) => "earn",
            OperationInput::Spend(_) => "spend",
            OperationInput::Adjust(_) => "adjust",
        }
    }

    fn into_request(self, client_id: i32) -> Request {
        match self {
            OperationInput::Earn(input) => input.into_request(client_id),
            OperationInput::Spend(input) => input.into_request(client_id),
            OperationInput::Adjust(input) => input.into_request(client_id),
        }
    }
}

/// Operations to be carried out later.
#[derive(InputObject)]
pub struct SubmitOperationsInput {
    /// The operations, 1 to 5000. Those of one account are carried out in order, unless a fault puts one off.
    pub operations: Vec<OperationInput>,
    /// Unique among the batches of the caller's client as long as they are kept, 1 to 128 characters: the same operations
    /// under the same key are the same batch.
    pub idempotency_key: String,
    /// Name for people, 1 to 128 characters.
    pub label: Option<String>,
}

/// A batch that is queued.
#[derive(SimpleObject)]
pub struct SubmitOperationsPayload {
    /// The batch as it stands now.
    batch: Batch,
    /// True: it was queued earlier under this key, and nothing was queued now.
    replayed: bool,
}

/// Queries about batches.
#[derive(Default)]
pub struct IntakeQuery;

#[Object]
impl IntakeQuery {
    /// A batch; null: the caller's client has none of this ticket, or it was done some days ago. The scope audit sees those of
    /// all clients, unless the key is kept to some wallets. Needs the scope earn or spend or adjust or read or audit. Errors:
    /// INVALID_INPUT.
    async fn batch(&self, context: &Context<'_>, ticket: ID) -> async_graphql::Result<Option<Batch>> {
        let caller = caller(context)?;
        let found = find(context.data::<DataLoader<Reads>>()?.loader(), parse_ticket(&ticket)?).await?;
        Ok(found.filter(|batch| may_see(caller, batch)))
    }
}

/// Mutations of batches.
#[derive(Default)]
pub struct IntakeMutation;

#[Object]
impl IntakeMutation {
    /// Queues operations to be carried out soon, and answers once they are stored: all of them, or, if one cannot be, none.
    /// Each has its own idempotencyKey, so it is carried out once, whatever happens; what comes of it is what came of the
    /// mutation for one operation. Clients take turns. Needs the scope earn or spend or adjust. Errors: INVALID_INPUT,
    /// FORBIDDEN and path say which operation is at fault; IDEMPOTENCY_CONFLICT; OVERLOADED: too many rows wait.
    async fn submit_operations(
        &self,
        context: &Context<'_>,
        input: SubmitOperationsInput,
    ) -> async_graphql::Result<SubmitOperationsPayload> {
        let client_id = caller(context)?.id;
        let label = input.label.as_deref();
        check_terms(&[("idempotencyKey", &input.idempotency_key), ("label", label.unwrap_or_default())], &[])?;
        let names: Vec<_> = input.operations.iter().map(OperationInput::name).collect();
        let place =
            |place: usize| ["input".to_owned(), "operations".to_owned(), place.to_string(), names[place].to_owned()];
        let mut requests = Vec::with_capacity(names.len());
        for (number, operation) in input.operations.into_iter().enumerate() {
            let request = operation.into_request(client_id);
            request.check().map_err(|error| error.within(&place(number).each_ref().map(String::as_str)))?;
            requests.push(request);
        }
        let intake = context.data::<Intake>()?;
        let queued = intake.submit(client_id, &input.idempotency_key, label, &requests).await.map_err(|fault| {
            match fault.row.filter(|row| *row < names.len()) {
                Some(row) => fault.error.within(&place(row).each_ref().map(String::as_str)),
                None => fault.error.within(&["input"]),
            }
        })?;
        let batch = find(context.data::<DataLoader<Reads>>()?.loader(), queued.ticket).await?;
        let batch = batch.ok_or_else(|| Error::internal(&format!("no batch {} that was queued", queued.ticket)))?;
        Ok(SubmitOperationsPayload { batch, replayed: queued.replayed })
    }
}

/// What subscribers see of batches, by ticket.
pub type LiveBatches = Arc<Shared<Uuid, Option<Batch>>>;

/// Reads them when something has changed.
pub fn live_batches(feed: &Feed) -> LiveBatches {
    Shared::new(feed, |reads, ticket| Box::pin(async move { Ok((find(reads, *ticket).await?, None)) }))
}

/// Subscriptions to batches.
#[derive(Default)]
pub struct IntakeSubscription;

#[Subscription]
impl IntakeSubscription {
    /// A batch as it stands, and then each time that it has come further, at most five times a second; ends when it is done.
    /// null, and the end: the caller's client has none of this ticket. Needs the scope earn or spend or adjust or read or
    /// audit. Errors: INVALID_INPUT.
    async fn batch_progress(
        &self,
        context: &Context<'_>,
        ticket: ID,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Batch>>> + use<>> {
        let caller = caller(context)?.clone();
        let live = context.data::<LiveBatches>()?.follow(parse_ticket(&ticket)?);
        let live = live.map(move |batch| batch.filter(|batch| may_see(&caller, batch))).boxed();
        Ok(stream::unfold(Some(live), async |live| {
            let mut live = live?;
            let batch = live.next().await?;
            let over = batch.as_ref().is_none_or(|batch| batch.state == BatchState::Done);
            Some((Ok(batch), (!over).then_some(live)))
        }))
    }
}

fn may_see(caller: &Caller, batch: &Batch) -> bool {
    // Whose rows are of any wallet.
    let all = caller.wallets.is_none() && caller.scopes.iter().any(|scope| scope == "audit");
    batch.client_id == caller.id || all
}

fn parse_ticket(ticket: &str) -> Result<Uuid, Error> {
    ticket.parse().map_err(|_| Error::invalid_input("ticket", "is not one"))
}

async fn find(reads: &Reads, ticket: Uuid) -> Result<Option<Batch>, Error> {
    Ok(reads.list("select b from api.batch b where b.ticket = $1", &[&ticket]).await?.pop())
}

const ROWS: &str = "select * from api.batch_rows($1, $2, $3, $4)";
