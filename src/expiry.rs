//! When points expire and become available: what members see of it, and what operators do about it.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, NaiveDate, Utc};
use postgres_types::{FromSql, ToSql};
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    access::caller,
    account::{Account, Lot, lots, page_complexity},
    error::Error,
    hold::parse_id,
    ledger::{Request, check_instant, execute, payload},
    operation::{Operation, OperationKind, Outcome},
    reads::Reads,
    review::DecideAwardInput,
    scalars::Points,
};

/// An account's points that expire within so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExpiringKey {
    pub bucket: i16,
    pub account_id: i64,
    pub within_days: i32,
}

/// Points that expire soon. What open holds have taken is not among them.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct ExpiringPoints {
    #[graphql(skip)]
    bucket: i16,
    #[graphql(skip)]
    account_id: i64,
    /// The last instant that counts as soon.
    until: DateTime<Utc>,
    /// All of them together.
    points: Points,
}

impl ExpiringPoints {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        ExpiringPoints {
            bucket: row.get("bucket"),
            account_id: row.get("account_id"),
            until: row.get("until"),
            points: Points(row.get("points")),
        }
    }
}

#[ComplexObject]
impl ExpiringPoints {
    /// Their lots, soonest expiry first. At most 100 a page, 20 unless asked. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn lots(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Lot>> {
        lots(context, (self.bucket, self.account_id), Some(self.until), first, after).await
    }
}

/// What of an account expires within so many days.
pub async fn expiring_points(
    context: &Context<'_>,
    bucket: i16,
    account_id: i64,
    within_days: i32,
) -> async_graphql::Result<ExpiringPoints> {
    if !(0..=3650).contains(&within_days) {
        return Err(Error::invalid_input("withinDays", "must be from 0 to 3650").into());
    }
    let key = ExpiringKey { bucket, account_id, within_days };
    let found = context.data::<DataLoader<Reads>>()?.load_one(key).await?;
    Ok(found.ok_or_else(|| Error::internal(&"no answer about expiring points"))?)
}

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "notice_kind", rename_all = "snake_case")]
pub enum NoticeKind {
    /// Points expire soon.
    Expiry,
}

/// What a member is to be told, once.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "notice")]
#[graphql(complex)]
pub struct Notice {
    #[graphql(skip)]
    pub bucket: i16,
    #[graphql(skip)]
    pub account_id: i64,
    #[graphql(skip)]
    pub user_id: Option<String>,
    #[graphql(skip)]
    pub wallet: String,
    /// What it tells.
    pub kind: NoticeKind,
    /// The last local day on which the points can be used, by the program's time zone.
    pub expires_on: NaiveDate,
    /// The setting that it is for: so many days before that day, or, where the points came later, less.
    pub days: i32,
    #[graphql(skip)]
    pub points: i64,
    /// Lots that the points are in.
    pub lots: i32,
    /// When the first of them expire.
    pub expires_at: DateTime<Utc>,
    /// When it was written.
    pub noted_at: DateTime<Utc>,
}

#[ComplexObject]
impl Notice {
    /// Points that expire then, as it stood when it was written.
    async fn points(&self) -> Points {
        Points(self.points)
    }
}

/// The place of a notice in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoticeCursor {
    pub expires_on: NaiveDate,
    pub days: i32,
}

impl NoticeCursor {
    pub fn of(notice: &Notice) -> Self {
        NoticeCursor { expires_on: notice.expires_on, days: notice.days }
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (day, days) = text.split_once('_')?;
        // PostgreSQL's days don't reach as far as chrono's.
        let expires_on = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|_| day.len() == 10)?;
        Some(NoticeCursor { expires_on, days: days.parse().ok()? })
    }
}

impl std::fmt::Display for NoticeCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}_{}", self.expires_on, self.days)
    }
}

/// A page of an account's notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoticesKey {
    pub bucket: i16,
    pub account_id: i64,
    pub first: i32,
    pub before: Option<NoticeCursor>,
}

/// Points to live longer: those that one operation granted, or all that expire before an instant.
#[derive(InputObject)]
pub struct ExtendExpiryInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// Until when they live, in the future.
    pub expires_at: DateTime<Utc>,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The person who decides, 1 to 128 characters.
    pub actor: String,
    /// id of the operation that granted them. Either this or before must be given.
    pub operation_id: Option<ID>,
    /// All that expire before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
}

/// Expired points to bring back.
#[derive(InputObject)]
pub struct ReinstatePointsInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// id of the operation, of the kind EXPIRE, that let them expire.
    pub operation_id: ID,
    /// When they expire now, in the future.
    pub expires_at: DateTime<Utc>,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The person who decides, 1 to 128 characters.
    pub actor: String,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
}

/// Lots that got another instant.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct LotChangePayload {
    /// The operation.
    operation: Operation,
    /// The account as it stands now.
    account: Account,
    /// True: it was carried out earlier under this key, and this is what came of it.
    replayed: bool,
}

#[ComplexObject]
impl LotChangePayload {
    /// Points of the lots that were changed.
    async fn points(&self) -> Points {
        let facts = self.operation.detail.as_ref();
        Points(facts.and_then(|facts| facts.get("points")).and_then(Value::as_i64).unwrap_or(0))
    }
}

impl From<Outcome> for LotChangePayload {
    fn from(outcome: Outcome) -> Self {
        let Outcome { operation, account, replayed, .. } = outcome;
        LotChangePayload { operation, account, replayed }
    }
}

payload!(
    /// Expired points brought back.
    ReinstatePointsPayload
);

payload!(
    /// A pending award taken back.
    CancelAwardPayload
);

/// Mutations of expiry and activation.
#[derive(Default)]
pub struct ExpiryMutation;

#[Object]
impl ExpiryMutation {
    /// Lets points live longer. What expires later anyway stays as it is, and so do awards in review; what was spent before
    /// and is refunded keeps its old expiry. Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, ACCOUNT_MERGED.
    async fn extend_expiry(
        &self,
        context: &Context<'_>,
        input: ExtendExpiryInput,
    ) -> async_graphql::Result<LotChangePayload> {
        let client_id = caller(context)?.id;
        let original = input.operation_id.map(|id| parse_id("operationId", &id)).transpose();
        check_instant("before", input.before).map_err(|error| error.within(&["input"]))?;
        let request = Request {
            wallet: input.wallet,
            original: original.map_err(|error| error.within(&["input"]))?,
            expires_at: Some(input.expires_at),
            subject: input.before.map(|before| before.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()),
            reason: Some(input.reason),
            actor: Some(input.actor),
            ..Request::new(OperationKind::Extend, client_id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }

    /// Brings back, once, what an operation of the kind EXPIRE let expire: to the lots that it came from, with another
    /// expiry. It is no earning. Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT,
    /// UNKNOWN_OPERATION, NOT_REVERSIBLE, ALREADY_REVERSED, ACCOUNT_MERGED.
    async fn reinstate_points(
        &self,
        context: &Context<'_>,
        input: ReinstatePointsInput,
    ) -> async_graphql::Result<ReinstatePointsPayload> {
        let client_id = caller(context)?.id;
        let request = Request {
            wallet: input.wallet,
            original: Some(parse_id("operationId", &input.operation_id).map_err(|error| error.within(&["input"]))?),
            expires_at: Some(input.expires_at),
            reason: Some(input.reason),
            actor: Some(input.actor),
            ..Request::new(OperationKind::Reinstate, client_id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }

    /// Makes the pending points of an award available now; their expiry stays. Needs the scope adjust. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, NOT_PENDING, REVIEW_WAITING, ACCOUNT_MERGED.
    async fn activate_award(
        &self,
        context: &Context<'_>,
        input: DecideAwardInput,
    ) -> async_graphql::Result<LotChangePayload> {
        let request = input.into_request(OperationKind::Activate, caller(context)?.id)?;
        execute(context, request).await
    }

    /// Takes an award back while it is pending. Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, NOT_PENDING, NOT_REVERSIBLE, REVIEW_WAITING, ACCOUNT_MERGED.
    async fn cancel_award(
        &self,
        context: &Context<'_>,
        input: DecideAwardInput,
    ) -> async_graphql::Result<CancelAwardPayload> {
        let request = input.into_request(OperationKind::CancelAward, caller(context)?.id)?;
        execute(context, request).await
    }
}
