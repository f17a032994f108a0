//! How an operation came to its points, in words and numbers.

use async_graphql::{Context, ID, Object, SimpleObject, dataloader::DataLoader};
use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use crate::{
    access::reader,
    account::AccountKey,
    hold::parse_id,
    operation::{Operation, OperationKey},
    reads::{AccountReads, Reads},
    scalars::Points,
};

/// How an operation came to its points, computed again from what is stored.
#[derive(SimpleObject)]
pub struct Explanation {
    /// The operation.
    operation: Operation,
    /// False: something that was computed again is not what was booked, which a step says.
    agrees: bool,
    /// What led to what, in order.
    steps: Vec<ExplanationStep>,
}

/// One step of an explanation.
#[derive(SimpleObject)]
pub struct ExplanationStep {
    /// What it is about: asked, rule, basis, rounding, cap, streak, campaign, limit, award, available, expiry, refused, booked, lot, undone or left.
    step: String,
    /// It in plain English.
    words: String,
    /// Points that it comes to; null: it has none.
    points: Option<Points>,
    /// Instant that it is about; null: it has none.
    at: Option<DateTime<Utc>>,
    /// Whether what was computed again is what was booked; null: there is nothing to compare.
    agrees: Option<bool>,
}

impl ExplanationStep {
    fn from_row(row: &Row) -> Self {
        ExplanationStep {
            step: row.get("step"),
            words: row.get("words"),
            points: row.get::<_, Option<i64>>("result").map(Points),
            at: row.get("at"),
            agrees: row.get("agrees"),
        }
    }
}

/// Queries that explain.
#[derive(Default)]
pub struct ExplainQuery;

#[Object]
impl ExplainQuery {
    /// How an operation of a member came to its points: the rule version and the award computed again from what is
    /// stored, refusal, entry, lots, and what has been undone since. Null: there is none of this id. Needs the scope
    /// read or audit.
    async fn explain_operation(
        &self,
        context: &Context<'_>,
        user_id: ID,
        operation_id: ID,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<Explanation>> {
        reader(context, &user_id, &wallet)?;
        let id = parse_id("operationId", &operation_id)?;
        let AccountKey { user_id, wallet } = AccountKey::new(user_id, wallet)?;
        let key = AccountKey { user_id: user_id.clone(), wallet: wallet.clone() };
        let Some(account) = context.data::<AccountReads>()?.load(key).await? else { return Ok(None) };
        let reads = context.data::<DataLoader<Reads>>()?;
        let key = OperationKey { bucket: account.bucket, account_id: account.id, id };
        let Some(operation) = reads.load_one(key).await? else { return Ok(None) };
        let rows = reads.loader().query(EXPLAIN, &[&user_id, &id, &wallet]).await?;
        Ok(Some(Explanation {
            operation,
            agrees: rows.iter().all(|row| row.get("all_agree")),
            steps: rows.iter().map(ExplanationStep::from_row).collect(),
        }))
    }
}

const EXPLAIN: &str = "
    select e.*, coalesce(bool_and(e.agrees) over (), true) as all_agree
    from api.explain_operation($1, $2, $3) e
    order by e.no";
