//! Holds: points reserved for later, at a checkout or by an operator.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Json, Object, SimpleObject, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::FromSql;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    access::{caller, reader},
    account::AccountKey,
    error::Error,
    ledger::{Request, execute, payload},
    operation::{Operation, OperationKey, OperationKind},
    reads::{AccountReads, Reads},
    scalars::{Decimal, Points},
};

/// Points reserved, with the lots that they come from: captured once, in part or whole, or given back to those lots.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Hold {
    #[graphql(skip)]
    pub bucket: i16,
    #[graphql(skip)]
    pub account_id: i64,
    #[graphql(skip)]
    pub id: Uuid,
    #[graphql(skip)]
    pub points: i64,
    /// When it was made.
    pub held_at: DateTime<Utc>,
    /// When it is released by itself; null: never.
    pub deadline: Option<DateTime<Utc>>,
    #[graphql(skip)]
    pub captured: Option<i64>,
    /// What has become of it.
    pub status: HoldStatus,
    /// When it was captured or released; null: it is open.
    pub closed_at: Option<DateTime<Utc>>,
}

/// What has become of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql)]
#[postgres(name = "hold_status", rename_all = "snake_case")]
pub enum HoldStatus {
    /// It can be captured or released.
    Open,
    /// Points of it were spent.
    Captured,
    /// All of it went back.
    Released,
}

#[ComplexObject]
impl Hold {
    /// id of the operation that made it.
    async fn id(&self) -> ID {
        ID::from(self.id)
    }

    /// Points reserved.
    async fn points(&self) -> Points {
        Points(self.points)
    }

    /// Points spent of it; the rest went back. Null: it is open.
    async fn captured(&self) -> Option<Points> {
        self.captured.map(Points)
    }

    /// The operation that made it; has its reason and its order.
    async fn operation(&self, context: &Context<'_>) -> async_graphql::Result<Operation> {
        let key = OperationKey { bucket: self.bucket, account_id: self.account_id, id: self.id };
        let operation = context.data::<DataLoader<Reads>>()?.load_one(key).await?;
        Ok(operation.ok_or_else(|| Error::internal(&format!("hold without its operation {}", self.id)))?)
    }
}

impl Hold {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        Hold {
            bucket: row.get("bucket"),
            account_id: row.get("account_id"),
            id: row.get("id"),
            points: row.get("points"),
            held_at: row.get("held_at"),
            deadline: row.get("deadline"),
            captured: row.get("captured"),
            status: row.get("status"),
            closed_at: row.get("closed_at"),
        }
    }
}

/// One hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HoldKey {
    pub bucket: i16,
    pub account_id: i64,
    pub id: Uuid,
}

/// A page of an account's open holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HoldsKey {
    pub bucket: i16,
    pub account_id: i64,
    pub first: i32,
    pub after: Option<HoldCursor>,
}

/// The place of a hold in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HoldCursor {
    pub deadline: Option<DateTime<Utc>>,
    pub id: Uuid,
}

impl HoldCursor {
    /// The place of this one.
    pub fn of(hold: &Hold) -> Self {
        HoldCursor { deadline: hold.deadline, id: hold.id }
    }

    /// As its text says; None: it is no such text.
    pub fn parse(cursor: &str) -> Option<Self> {
        let (deadline, id) = cursor.split_once('_')?;
        let deadline = match deadline {
            "never" => None,
            micros => Some(DateTime::from_timestamp_micros(micros.parse().ok().filter(|micros: &i64| *micros >= 0)?)?),
        };
        Some(HoldCursor { deadline, id: id.parse().ok()? })
    }
}

impl std::fmt::Display for HoldCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.deadline {
            Some(deadline) => write!(formatter, "{}_{}", deadline.timestamp_micros(), self.id.simple()),
            None => write!(formatter, "never_{}", self.id.simple()),
        }
    }
}

/// Points to reserve.
#[derive(InputObject)]
pub struct HoldPointsInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// Points, from 1.
    pub points: Points,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// When it is released by itself, in the future; null: never.
    pub deadline: Option<DateTime<Utc>>,
    /// What for, at most 500 characters.
    pub reason: Option<String>,
    /// The host's order that the points are to pay for, so that returnOrder gives them back.
    pub order_key: Option<String>,
    /// What that order amounts to, in money, so that part of it can be returned.
    pub order_amount: Option<Decimal>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl HoldPointsInput {
    fn into_request(self, client_id: i32) -> Request {
        Request {
            wallet: self.wallet,
            points: Some(self.points.0),
            expires_at: self.deadline,
            reason: self.reason,
            order_key: self.order_key,
            amount: self.order_amount.map(|amount| amount.0),
            metadata: self.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Hold, client_id, self.user_id.0, self.idempotency_key)
        }
    }
}

/// A hold to spend.
#[derive(InputObject)]
pub struct CaptureHoldInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// id of the hold.
    pub hold_id: ID,
    /// Points of it to spend; the rest goes back. Null: all.
    pub points: Option<Points>,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// What for, at most 500 characters.
    pub reason: Option<String>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A hold to give back.
#[derive(InputObject)]
pub struct ReleaseHoldInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// id of the hold.
    pub hold_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, at most 500 characters.
    pub reason: Option<String>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

macro_rules! hold_payload {
    ($(#[$doc:meta])* $name:ident, $id:expr) => {
        payload!(
            $(#[$doc])*
            #[graphql(complex)]
            $name
        );

        #[ComplexObject]
        impl $name {
            /// The hold as it stands now.
            async fn hold(&self, context: &Context<'_>) -> async_graphql::Result<Hold> {
                let Operation { bucket, account_id, .. } = self.operation;
                let id: Option<Uuid> = ($id)(&self.operation);
                let id = id.ok_or_else(|| Error::internal(&"a capture or release without its hold"))?;
                let hold = context.data::<DataLoader<Reads>>()?.load_one(HoldKey { bucket, account_id, id }).await?;
                Ok(hold.ok_or_else(|| Error::internal(&format!("there is no hold {id}")))?)
            }
        }
    };
}

hold_payload!(
    /// Points reserved.
    HoldPointsPayload,
    |operation: &Operation| Some(operation.id)
);
hold_payload!(
    /// A hold spent.
    CaptureHoldPayload,
    |operation: &Operation| operation.original
);
hold_payload!(
    /// A hold given back.
    ReleaseHoldPayload,
    |operation: &Operation| operation.original
);

/// Queries about holds.
#[derive(Default)]
pub struct HoldQuery;

#[Object]
impl HoldQuery {
    /// A hold of a member; null: there is none of this id. Needs the scope read or audit, or the member's own token.
    /// INVALID_INPUT: id is no id.
    async fn hold(
        &self,
        context: &Context<'_>,
        user_id: ID,
        id: ID,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<Hold>> {
        reader(context, &user_id, &wallet)?;
        let id = parse_id("id", &id)?;
        let key = AccountKey::new(user_id, wallet)?;
        let Some(account) = context.data::<AccountReads>()?.load(key).await? else { return Ok(None) };
        let key = HoldKey { bucket: account.bucket, account_id: account.id, id };
        Ok(context.data::<DataLoader<Reads>>()?.load_one(key).await?)
    }
}

/// Mutations of holds.
#[derive(Default)]
pub struct HoldMutation;

#[Object]
impl HoldMutation {
    /// Reserves points, those that expire soonest first, until they are captured or released, or the deadline. Points
    /// that expire meanwhile can still be captured. Needs the scope spend. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, INSUFFICIENT_POINTS, ACCOUNT_FROZEN, ACCOUNT_MERGED.
    async fn hold_points(
        &self,
        context: &Context<'_>,
        input: HoldPointsInput,
    ) -> async_graphql::Result<HoldPointsPayload> {
        let request = input.into_request(caller(context)?.id);
        execute(context, request).await
    }

    /// Spends a hold, once: all of it, or some and the rest goes back to its lots. An offer of transferPoints is no
    /// hold to spend. Needs the scope spend. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION,
    /// INSUFFICIENT_POINTS, HOLD_CLOSED, ACCOUNT_FROZEN, ACCOUNT_MERGED.
    async fn capture_hold(
        &self,
        context: &Context<'_>,
        input: CaptureHoldInput,
    ) -> async_graphql::Result<CaptureHoldPayload> {
        let client_id = caller(context)?.id;
        let request = Request {
            wallet: input.wallet,
            original: Some(parse_id("holdId", &input.hold_id).map_err(|error| error.within(&["input"]))?),
            points: input.points.map(|points| points.0),
            reason: input.reason,
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Capture, client_id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }

    /// Gives a hold back to the lots that it came from; what has expired meanwhile expires. Needs the scope spend.
    /// Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, HOLD_CLOSED, ACCOUNT_MERGED.
    async fn release_hold(
        &self,
        context: &Context<'_>,
        input: ReleaseHoldInput,
    ) -> async_graphql::Result<ReleaseHoldPayload> {
        let client_id = caller(context)?.id;
        let request = Request {
            wallet: input.wallet,
            original: Some(parse_id("holdId", &input.hold_id).map_err(|error| error.within(&["input"]))?),
            reason: input.reason,
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Release, client_id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }
}

/// The id of an operation or hold.
pub fn parse_id(path: &str, id: &ID) -> Result<Uuid, Error> {
    id.parse().map_err(|_| Error::invalid_input(path, "is not an id of an operation"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_cursor_reads_back_as_it_was_written() {
        for deadline in [None, DateTime::from_timestamp_micros(1_700_000_000_123_456)] {
            let cursor = HoldCursor { deadline, id: Uuid::new_v4() };
            assert_eq!(HoldCursor::parse(&cursor.to_string()), Some(cursor));
        }
        for bad in ["", "never", "never_1", "-1_00000000000000000000000000000000"] {
            assert!(HoldCursor::parse(bad).is_none(), "{bad}");
        }
    }
}
