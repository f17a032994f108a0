//! Seals of the ledger, and receipts that lead to them: docs/tamper-evidence.md.

use async_graphql::{
    ComplexObject, Context, ID, Json, Object, SimpleObject, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::FromSql;
use serde_json::Value;

use crate::{
    access::{caller, reader},
    account::{bad_cursor, connection, page_complexity, page_size},
    backtest::Reports,
    error::Error,
    hold::parse_id,
    ledger::check_text,
    reads::Reads,
    scalars::Points,
};

/// Entries of a bucket that nobody can change any more without changing its root, and the roots of all later seals.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "seal")]
#[graphql(complex)]
pub struct Seal {
    #[graphql(skip)]
    bucket: i16,
    #[graphql(skip)]
    number: i64,
    #[graphql(skip)]
    entries: i64,
    #[graphql(skip)]
    accounts: i64,
    /// When it was made.
    sealed_at: DateTime<Utc>,
    /// Root of the seal before it, in hexadecimal; zeros: it is the first.
    previous: String,
    /// Root of the Merkle tree over its leaves, in hexadecimal.
    leaves_root: String,
    /// Its root, in hexadecimal: what to keep elsewhere.
    root: String,
}

#[ComplexObject]
impl Seal {
    /// The bucket.
    async fn bucket(&self) -> i32 {
        i32::from(self.bucket)
    }

    /// Number in the bucket, from 1 without gaps.
    async fn number(&self) -> Points {
        Points(self.number)
    }

    /// Entries that it seals.
    async fn entries(&self) -> Points {
        Points(self.entries)
    }

    /// Accounts of these.
    async fn accounts(&self) -> Points {
        Points(self.accounts)
    }
}

/// Queries about seals.
#[derive(Default)]
pub struct SealQuery;

#[Object]
impl SealQuery {
    /// Seals by bucket and number. At most 100 a page, 20 unless asked. Needs the scope rules or audit. INVALID_INPUT: first or
    /// after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn seals(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Seal>> {
        caller(context)?;
        let first = page_size(first)?;
        let (bucket, number) = match after.as_deref().map(parse_cursor) {
            None => (-1, 0),
            Some(Some(place)) => place,
            Some(None) => return Err(bad_cursor().into()),
        };
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let sql = "select s from api.seal s where (s.bucket, s.number) > ($1, $2) order by s.bucket, s.number limit $3";
        let rows = reads.list(sql, &[&bucket, &number, &i64::from(first + 1)]).await?;
        Ok(connection(rows, first, after.is_some(), |row: &Seal| format!("{}_{}", row.bucket, row.number)))
    }

    /// A member's receipt for an operation: its entry, and what leads from it to the root of the seal that it is in. jifen
    /// verify --receipt checks it, without a database. Null: there is no such operation, it moved nothing, or is not sealed
    /// yet. Needs the scope read or audit, or the member's own token. One is made at a time. Errors: INVALID_INPUT; OVERLOADED:
    /// another one is, or another report runs.
    #[graphql(complexity = "2000")]
    async fn receipt(
        &self,
        context: &Context<'_>,
        user_id: ID,
        operation_id: ID,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<Json<Value>>> {
        reader(context, &user_id, &wallet)?;
        check_text("userId", &user_id)?;
        check_text("wallet", &wallet)?;
        let id = parse_id("operationId", &operation_id)?;
        // It hashes all leaves of the seal.
        let reports = context.data::<Reports>()?;
        let row = reports.call("select api.receipt($1, $2, $3)", &[&user_id.as_str(), &id, &wallet]).await?;
        let receipt = row.try_get::<_, Option<Value>>(0).map_err(Error::from)?;
        Ok(receipt.map(Json))
    }
}

fn parse_cursor(cursor: &str) -> Option<(i16, i64)> {
    let (bucket, number) = cursor.split_once('_')?;
    Some((bucket.parse().ok()?, number.parse().ok()?))
}
