//! The months of the ledger, and which of them are archived: what operators see and say of it.

use async_graphql::{Context, InputObject, Object, SimpleObject, dataloader::DataLoader};
use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::Row;

use crate::{
    access::caller,
    catalogue::{change, check_terms},
    reads::Reads,
    scalars::Points,
};

/// A month of entries and lot uses, in UTC. What is read of it is the same, archived or not.
#[derive(SimpleObject)]
pub struct LedgerMonth {
    /// Its first day.
    month: NaiveDate,
    /// Its entries: counted when it was archived, an estimate before; null: there is none yet.
    entries: Option<Points>,
    /// Its lot uses, likewise.
    lot_uses: Option<Points>,
    /// When it moved to the archive; null: it is live.
    archived_at: Option<DateTime<Utc>>,
    /// Lots that it opened and that were not used up when it was looked at: it waits for them, and so do all later months;
    /// null: it is not due.
    open_lots: Option<Points>,
    /// Open holds that it waits for; null: it is not due.
    open_holds: Option<Points>,
    /// When lots and holds were counted; null: it is not due.
    checked_at: Option<DateTime<Utc>>,
    /// When its files were last written; null: never.
    exported_at: Option<DateTime<Utc>>,
    /// SHA-256 of the file of its entries, in hexadecimal; null: it was never exported.
    entry_sha256: Option<String>,
    /// SHA-256 of the file of its lot uses, in hexadecimal; null: it was never exported.
    lot_use_sha256: Option<String>,
}

impl LedgerMonth {
    fn from_row(row: &Row) -> Self {
        let count = |column: &str| row.get::<_, Option<i64>>(column).map(Points);
        LedgerMonth {
            month: row.get("month"),
            entries: count("entries"),
            lot_uses: count("lot_uses"),
            archived_at: row.get("archived_at"),
            open_lots: count("open_lots"),
            open_holds: count("open_holds"),
            checked_at: row.get("checked_at"),
            exported_at: row.get("exported_at"),
            entry_sha256: row.get("entry_sha256"),
            lot_use_sha256: row.get("lot_use_sha256"),
        }
    }
}

/// When months are archived.
#[derive(InputObject)]
pub struct SetArchiveInput {
    /// Whole months after which a month moves to the archive, 12 to 1200; null: none does. What is there already stays.
    pub after_months: Option<i32>,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// When months are archived now.
#[derive(SimpleObject)]
pub struct SetArchivePayload {
    /// Whole months after which a month moves to the archive; null: none does.
    after_months: Option<i32>,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Queries about the archive.
#[derive(Default)]
pub struct ArchiveQuery;

#[Object]
impl ArchiveQuery {
    /// The months that there is a place for, oldest first: archived ones, those in use, and those made ahead. Needs the
    /// scope rules or audit.
    #[graphql(complexity = "120 * child_complexity")]
    async fn ledger_months(&self, context: &Context<'_>) -> async_graphql::Result<Vec<LedgerMonth>> {
        caller(context)?;
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let rows = reads.query("select * from api.ledger_month order by month", &[]).await?;
        Ok(rows.iter().map(LedgerMonth::from_row).collect())
    }
}

/// Mutations of the archive.
#[derive(Default)]
pub struct ArchiveMutation;

#[Object]
impl ArchiveMutation {
    /// Says when months of the ledger move to the archive, once all lots that they opened are closed. The job archive does
    /// it. Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_archive(
        &self,
        context: &Context<'_>,
        input: SetArchiveInput,
    ) -> async_graphql::Result<SetArchivePayload> {
        check_terms(&[("idempotencyKey", &input.idempotency_key)], &[])?;
        let row = change(
            context,
            "select r.* from api.set_archive($2, $3, (select name from api.client where id = $1)) r",
            &[&caller(context)?.id, &input.after_months, &input.idempotency_key],
        )
        .await?;
        Ok(SetArchivePayload { after_months: row.get("archive_after_months"), replayed: row.get("replayed") })
    }
}
