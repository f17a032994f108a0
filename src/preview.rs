//! What if: operations that are carried out and rolled back.

use async_graphql::{Context, ID, Json, Object, SimpleObject};
use chrono::{DateTime, Utc};
use postgres_types::FromSql;
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    access::reader,
    account::{Account, Balance},
    error::{self, Error},
    ledger::Request,
    level::LevelStep,
    operation::{Entry, EntryKind, OperationKind},
    pairs::Pairs,
    scalars::{Decimal, Points},
};

/// What an operation would give if it were asked for now. Nothing has changed.
#[derive(SimpleObject)]
pub struct Preview {
    /// Why it would be refused; null: it would be carried out.
    refusal: Option<Error>,
    /// Points that it would be about: in for an earn, out for a spend; 0 for a return, whose details tell.
    points: Points,
    /// When the points granted become available; null: it grants none.
    available_at: Option<DateTime<Utc>>,
    /// When the points granted expire; null: never, or it grants none.
    expires_at: Option<DateTime<Utc>>,
    /// Facts of what came of it: for a return, what would be refunded and clawed back; null: there are none.
    details: Option<Json<Value>>,
    /// The level before; null: none, or there is no account yet.
    previous_level: Option<LevelStep>,
    /// The level after; null: none.
    level: Option<LevelStep>,
    /// The balance after; null: there is no account, and the refusal would make none.
    balance: Option<Balance>,
    /// What would be booked, in order: what is due on the account anyway, and then the operation.
    entries: Vec<PreviewEntry>,
    /// Points that it would grant, take or give back, lot by lot.
    lots: Vec<PreviewLot>,
}

/// What an entry would move.
#[derive(SimpleObject)]
pub struct PreviewEntry {
    /// What it would book.
    kind: EntryKind,
    /// Change of pending.
    pending_delta: Points,
    /// Change of available.
    available_delta: Points,
    /// Change of held.
    held_delta: Points,
    /// Change of debt.
    debt_delta: Points,
}

/// Points that would come or go together.
#[derive(SimpleObject)]
pub struct PreviewLot {
    /// Points granted or given back; below 0: taken.
    points: Points,
    /// Rule that grants or granted them, or adjust.
    source: String,
    /// When they become available.
    available_at: DateTime<Utc>,
    /// When they expire; null: never.
    expires_at: Option<DateTime<Utc>>,
}

/// `api.preview_lot`.
#[derive(Debug, FromSql)]
#[postgres(name = "preview_lot")]
struct LotRow {
    points: i64,
    source: String,
    available_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl Preview {
    /// From a row of `api.execute_preview`.
    fn from_row(row: &Row, wallet: &str) -> Result<Preview, tokio_postgres::Error> {
        let detail: Option<Value> = row.try_get("detail")?;
        let (refusal, details) = match row.try_get("refusal")? {
            Some(code) => (Some(Error::refused(code, detail)), None),
            None => (None, detail.map(Json)),
        };
        let level = |code: Option<String>| code.map(|code| LevelStep { wallet: wallet.to_owned(), code });
        let account: Option<Account> = row.try_get("account")?;
        let entries: Vec<Entry> = row.try_get("entries")?;
        let lots: Vec<LotRow> = row.try_get("lots")?;
        Ok(Preview {
            refusal,
            points: Points(row.try_get("points")?),
            available_at: row.try_get("available_at")?,
            expires_at: row.try_get("expires_at")?,
            details,
            previous_level: level(row.try_get("previous_level")?),
            level: level(row.try_get("level")?),
            balance: account.as_ref().map(Balance::from),
            entries: entries.iter().map(PreviewEntry::from).collect(),
            lots: lots.into_iter().map(PreviewLot::from).collect(),
        })
    }
}

impl From<&Entry> for PreviewEntry {
    fn from(entry: &Entry) -> Self {
        PreviewEntry {
            kind: entry.kind,
            pending_delta: Points(entry.pending_delta),
            available_delta: Points(entry.available_delta),
            held_delta: Points(entry.held_delta),
            debt_delta: Points(entry.debt_delta),
        }
    }
}

impl From<LotRow> for PreviewLot {
    fn from(LotRow { points, source, available_at, expires_at }: LotRow) -> Self {
        PreviewLot { points: Points(points), source, available_at, expires_at }
    }
}

/// Queries that try operations.
#[derive(Default)]
pub struct PreviewQuery;

#[Object]
impl PreviewQuery {
    /// What earnPoints would give the caller's client now: points, availability, expiry, level, or the refusal. The real
    /// operation is carried out and rolled back, so nothing changes. Needs the scope read; without the scope earn the answer
    /// is the refusal FORBIDDEN.
    #[allow(clippy::too_many_arguments, reason = "arguments of a GraphQL field")]
    async fn preview_earn(
        &self,
        context: &Context<'_>,
        user_id: ID,
        rule: String,
        amount: Option<Decimal>,
        points: Option<Points>,
        occurred_at: Option<DateTime<Utc>>,
        order_key: Option<String>,
        wallet: Option<String>,
    ) -> async_graphql::Result<Preview> {
        let request = Request {
            rule: Some(rule),
            amount: amount.map(|amount| amount.0),
            points: points.map(|points| points.0),
            occurred_at,
            order_key,
            ..request(context, OperationKind::Earn, user_id, wallet)?
        };
        preview(context, &request).await
    }

    /// What spendPoints would take now, and from which lots, or the refusal. Nothing changes. Needs the scope read; without
    /// the scope spend the answer is the refusal FORBIDDEN.
    async fn preview_spend(
        &self,
        context: &Context<'_>,
        user_id: ID,
        points: Points,
        order_key: Option<String>,
        order_amount: Option<Decimal>,
        wallet: Option<String>,
    ) -> async_graphql::Result<Preview> {
        let request = Request {
            points: Some(points.0),
            order_key,
            amount: order_amount.map(|amount| amount.0),
            ..request(context, OperationKind::Spend, user_id, wallet)?
        };
        preview(context, &request).await
    }

    /// What returnOrder would give back and take back now, or the refusal; amount null: all of the order. Nothing changes.
    /// Needs the scope read; without the scope reverse the answer is the refusal FORBIDDEN.
    async fn preview_return(
        &self,
        context: &Context<'_>,
        user_id: ID,
        order_key: String,
        amount: Option<Decimal>,
        wallet: Option<String>,
    ) -> async_graphql::Result<Preview> {
        let request = Request {
            order_key: Some(order_key),
            amount: amount.map(|amount| amount.0),
            ..request(context, OperationKind::Return, user_id, wallet)?
        };
        preview(context, &request).await
    }
}

/// The database names a preview, so that no key is used up.
fn request(
    context: &Context<'_>,
    kind: OperationKind,
    user_id: ID,
    wallet: Option<String>,
) -> async_graphql::Result<Request> {
    let mut request = Request { wallet, ..Request::new(kind, 0, user_id.0, String::new()) };
    request.client_id = reader(context, &request.user_id, request.wallet())?.id;
    Ok(request)
}

async fn preview(context: &Context<'_>, request: &Request) -> async_graphql::Result<Preview> {
    let row = context.data::<Pairs>()?.preview(request).await?;
    let preview = Preview::from_row(&row, request.wallet());
    Ok(preview.map_err(|error| Error::internal(&error::describe(&error)))?)
}
