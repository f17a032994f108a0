//! How far the books are proven, and where rows break a law: what operators see of the reconciler.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Json, Object, SimpleObject, connection::Connection,
    dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::FromSql;
use serde_json::Value;

use crate::{
    access::{caller, wallets},
    account::{bad_cursor, connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    error::Error,
    reads::Reads,
    scalars::Points,
};

/// What has become of a discrepancy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DiscrepancyState {
    /// The last run that looked has found it.
    Open,
    /// So it has, and somebody takes care of it.
    Acknowledged,
    /// A later full look found it no more.
    Closed,
}

impl DiscrepancyState {
    fn name(self) -> &'static str {
        match self {
            DiscrepancyState::Open => "open",
            DiscrepancyState::Acknowledged => "acknowledged",
            DiscrepancyState::Closed => "closed",
        }
    }

    fn from_name(name: &str) -> DiscrepancyState {
        match name {
            "open" => DiscrepancyState::Open,
            "acknowledged" => DiscrepancyState::Acknowledged,
            _ => DiscrepancyState::Closed,
        }
    }
}

/// How far the books are proven.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Integrity {
    /// What was booked before this instant is proven, whenever it was committed; null: nothing is yet.
    proven_up_to: Option<DateTime<Utc>>,
    /// When the last full run that has ended began; null: none has.
    last_full_at: Option<DateTime<Utc>>,
    /// When the last run of either kind that has ended began; null: none has.
    last_incremental_at: Option<DateTime<Utc>>,
    /// Whether an account is frozen when a discrepancy of it is found for the first time.
    freezes_discrepancies: bool,
}

#[ComplexObject]
impl Integrity {
    /// All checks, by name.
    #[graphql(complexity = "40 * child_complexity")]
    async fn checks(&self, context: &Context<'_>) -> async_graphql::Result<Vec<ReconciliationCheck>> {
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        Ok(reads.list("select k from api.reconciliation_check k order by k.name", &[]).await?)
    }

    /// Discrepancies by number, the oldest first; of one state, or all. For keys that are kept to some wallets, those of
    /// accounts in these. At most 100 a page, 20 unless asked. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn discrepancies(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        state: Option<DiscrepancyState>,
    ) -> async_graphql::Result<Connection<String, Discrepancy>> {
        let first = page_size(first)?;
        let id: i64 = match after.as_deref().map(str::parse) {
            None => 0,
            Some(Ok(id)) => id,
            Some(Err(_)) => return Err(bad_cursor().into()),
        };
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let sql = "select d from api.discrepancy d where d.id > $1 and ($2::text is null or d.state = $2)
            and ($4::text[] is null or d.wallet = any ($4)) order by d.id limit $3";
        let state = state.map(DiscrepancyState::name);
        let rows = reads.list(sql, &[&id, &state, &i64::from(first + 1), wallets(context)?]).await?;
        Ok(connection(rows, first, after.is_some(), |row: &Discrepancy| row.id.to_string()))
    }
}

/// A law that rows can break, and what came of looking.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "reconciliation_check")]
#[graphql(complex)]
pub struct ReconciliationCheck {
    /// Stable name.
    name: String,
    /// The law.
    law: String,
    /// Whether incremental runs prove it, too, of the accounts that changed.
    incremental: bool,
    #[graphql(name = "lastRun")]
    /// When the last run that proved it, and has ended, began; null: none has.
    last_run_at: Option<DateTime<Utc>>,
    #[graphql(skip)]
    accounts_proven: Option<i64>,
    #[graphql(skip)]
    discrepancies: i64,
}

#[ComplexObject]
impl ReconciliationCheck {
    /// Accounts that this run proved; null: none has ended.
    async fn accounts_proven(&self) -> Option<Points> {
        self.accounts_proven.map(Points)
    }

    /// Discrepancies that are there, acknowledged or not.
    async fn discrepancies(&self) -> Points {
        Points(self.discrepancies)
    }
}

/// Where rows break a law.
#[derive(Clone, Debug, FromSql)]
#[postgres(name = "discrepancy")]
#[allow(dead_code, reason = "a row is read whole")]
pub struct Discrepancy {
    id: i64,
    check_name: String,
    law: String,
    account_bucket: Option<i16>,
    account_id: Option<i64>,
    user_id: Option<String>,
    wallet: Option<String>,
    subject: String,
    evidence: Value,
    state: String,
    first_run: i64,
    last_run: i64,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    acknowledged_at: Option<DateTime<Utc>>,
    actor: Option<String>,
    reason: Option<String>,
    frozen: bool,
}

/// Where rows break a law. Nothing repairs itself.
#[Object]
impl Discrepancy {
    /// Number of the discrepancy.
    async fn id(&self) -> ID {
        ID(self.id.to_string())
    }

    /// The check that found it.
    async fn check(&self) -> &str {
        &self.check_name
    }

    /// The law that is broken.
    async fn law(&self) -> &str {
        &self.law
    }

    /// The member; null: erased, or it is about no account.
    async fn user_id(&self) -> Option<ID> {
        self.user_id.as_ref().map(ID::from)
    }

    /// Kind of points; null: it is about no account.
    async fn wallet(&self) -> Option<&str> {
        self.wallet.as_deref()
    }

    /// What else it is about, e.g. a reward or a table; empty: the account as a whole.
    async fn subject(&self) -> &str {
        &self.subject
    }

    /// What was found, and what should have been.
    async fn evidence(&self) -> Json<&Value> {
        Json(&self.evidence)
    }

    /// What has become of it.
    async fn state(&self) -> DiscrepancyState {
        DiscrepancyState::from_name(&self.state)
    }

    /// When it was found first.
    async fn first_seen_at(&self) -> DateTime<Utc> {
        self.first_seen_at
    }

    /// When it was found last.
    async fn last_seen_at(&self) -> DateTime<Utc> {
        self.last_seen_at
    }

    /// When it was looked for and found no more; null: it is there.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.closed_at
    }

    /// When somebody said to take care of it; null: nobody has.
    async fn acknowledged_at(&self) -> Option<DateTime<Utc>> {
        self.acknowledged_at
    }

    /// Who did; null: nobody has.
    async fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// What that person said; null: nobody has.
    async fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether the account was frozen because of it.
    async fn frozen(&self) -> bool {
        self.frozen
    }
}

/// Queries about integrity.
#[derive(Default)]
pub struct IntegrityQuery;

#[Object]
impl IntegrityQuery {
    /// How far the books are proven, and where rows break a law. Needs the scope rules or audit.
    #[graphql(complexity = "5 + child_complexity")]
    async fn integrity(&self, context: &Context<'_>) -> async_graphql::Result<Integrity> {
        caller(context)?;
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let rows = reads.query("select * from api.integrity", &[]).await?;
        let row = rows.first().ok_or_else(|| Error::invalid_input("integrity", "the program has no row"))?;
        Ok(Integrity {
            proven_up_to: row.get("proven_up_to"),
            last_full_at: row.get("last_full_at"),
            last_incremental_at: row.get("last_incremental_at"),
            freezes_discrepancies: row.get("freezes_discrepancies"),
        })
    }
}

/// A discrepancy that somebody takes care of.
#[derive(InputObject)]
pub struct AcknowledgeDiscrepancyInput {
    /// Number of the discrepancy.
    pub id: ID,
    /// Why it needs no alarm any more, 1 to 500 characters.
    pub reason: String,
    /// The person who takes care of it, 1 to 128 characters.
    pub actor: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// A discrepancy that somebody takes care of.
#[derive(SimpleObject)]
pub struct AcknowledgeDiscrepancyPayload {
    /// The discrepancy as it stands now.
    discrepancy: Discrepancy,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Whether discrepancies freeze.
#[derive(InputObject)]
pub struct SetIntegrityInput {
    /// Whether an account is frozen when a discrepancy of it is found for the first time.
    pub freezes_discrepancies: bool,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// Whether discrepancies freeze now.
#[derive(SimpleObject)]
pub struct SetIntegrityPayload {
    /// Whether an account is frozen when a discrepancy of it is found for the first time.
    freezes_discrepancies: bool,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations about integrity.
#[derive(Default)]
pub struct IntegrityMutation;

#[Object]
impl IntegrityMutation {
    /// Says who takes care of a discrepancy, and why it needs no alarm any more. It stays until a run that looks for it finds
    /// it no more. Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn acknowledge_discrepancy(
        &self,
        context: &Context<'_>,
        input: AcknowledgeDiscrepancyInput,
    ) -> async_graphql::Result<AcknowledgeDiscrepancyPayload> {
        let client_id = caller(context)?.id;
        check_terms(
            &[("reason", &input.reason), ("actor", &input.actor), ("idempotencyKey", &input.idempotency_key)],
            &[],
        )?;
        let id: i64 =
            input.id.parse().map_err(|_| Error::invalid_input("id", "must be a number").within(&["input"]))?;
        let row = change(
            context,
            "select r.* from api.acknowledge_discrepancy($2, $3, $4, $5, (select name from api.client where id = $1)) r",
            &[&client_id, &id, &input.reason, &input.actor, &input.idempotency_key],
        )
        .await?;
        Ok(AcknowledgeDiscrepancyPayload { discrepancy: row.get("discrepancy"), replayed: row.get("replayed") })
    }

    /// Says whether an account is frozen when a discrepancy of it is found. Needs the scope rules. Errors: INVALID_INPUT,
    /// FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_integrity(
        &self,
        context: &Context<'_>,
        input: SetIntegrityInput,
    ) -> async_graphql::Result<SetIntegrityPayload> {
        check_terms(&[("idempotencyKey", &input.idempotency_key)], &[])?;
        let row = change(
            context,
            "select r.* from api.set_integrity($2, $3, (select name from api.client where id = $1)) r",
            &[&caller(context)?.id, &input.freezes_discrepancies, &input.idempotency_key],
        )
        .await?;
        Ok(SetIntegrityPayload {
            freezes_discrepancies: row.get("freezes_discrepancies"),
            replayed: row.get("replayed"),
        })
    }
}
