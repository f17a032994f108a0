//! Redemptions: rewards that members took for points, and what became of them.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Json, Object, SimpleObject, Subscription, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt, future::ready};
use postgres_types::FromSql;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    access::{caller, caller_for, reader},
    account::{Account, AccountKey, bad_cursor},
    error::Error,
    feed::{self, Feed},
    hold::parse_id,
    ledger::{Request, execute, payload},
    operation::{Operation, OperationKey, OperationKind},
    reads::{AccountReads, Reads},
    reward::{Prize, PrizesKey, Reward, RewardKey},
    scalars::{Decimal, Points},
};

/// What has become of a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql)]
#[postgres(name = "redemption_status", rename_all = "snake_case")]
pub enum RedemptionStatus {
    /// Paid for, and not yet delivered.
    Reserved,
    /// Delivered.
    Fulfilled,
    /// Given up: its points, stock and quota are free again.
    Cancelled,
}

/// A reward redeemed.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Redemption {
    #[graphql(skip)]
    pub bucket: i16,
    #[graphql(skip)]
    pub account_id: i64,
    #[graphql(skip)]
    pub id: Uuid,
    #[graphql(skip)]
    pub reward: String,
    #[graphql(skip)]
    pub price: i64,
    /// What has become of it.
    pub status: RedemptionStatus,
    /// The code handed out, which it keeps even if it is cancelled; null: not a coupon.
    pub coupon: Option<String>,
    /// What was drawn; null: not a draw.
    pub draw: Option<Draw>,
    /// When it was booked.
    pub redeemed_at: DateTime<Utc>,
    /// When it was fulfilled or cancelled; null: it is reserved.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A draw, with all that it takes to compute it again.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Draw {
    #[graphql(skip)]
    reward: String,
    /// Chance: 32 random bytes in hexadecimal digits, which nobody could know before. Its first 15 digits, as a number
    /// modulo the sum of weights, choose the first prize at which the weights so far exceed that.
    seed: String,
    /// Weights of the prizes when it was drawn, by their numbers.
    weights: Vec<i32>,
    /// Number of the prize that seed and weights chose.
    drawn: i16,
    /// What the database makes of seed and weights now: the same as drawn.
    recomputed: i16,
    #[graphql(skip)]
    prize: i16,
}

#[ComplexObject]
impl Draw {
    /// The prize given: the one drawn, or the consolation prize if that had run out.
    async fn prize(&self, context: &Context<'_>) -> async_graphql::Result<Prize> {
        let prizes = context.data::<DataLoader<Reads>>()?.load_one(PrizesKey(self.reward.clone())).await?;
        let prize = prizes.unwrap_or_default().into_iter().find(|prize| prize.no == self.prize);
        Ok(prize.ok_or_else(|| Error::internal(&format!("{} has no prize {}", self.reward, self.prize)))?)
    }
}

#[ComplexObject]
impl Redemption {
    /// id of the operation that took the points.
    async fn id(&self) -> ID {
        ID::from(self.id)
    }

    /// Points that it cost.
    async fn price(&self) -> Points {
        Points(self.price)
    }

    /// The reward, on its terms of now.
    async fn reward(&self, context: &Context<'_>) -> async_graphql::Result<Reward> {
        let reward = context.data::<DataLoader<Reads>>()?.load_one(RewardKey(self.reward.clone())).await?;
        Ok(reward.ok_or_else(|| Error::internal(&format!("there is no reward {}", self.reward)))?)
    }

    /// The operation that took the points; has its order and metadata.
    async fn operation(&self, context: &Context<'_>) -> async_graphql::Result<Operation> {
        let key = OperationKey { bucket: self.bucket, account_id: self.account_id, id: self.id };
        let operation = context.data::<DataLoader<Reads>>()?.load_one(key).await?;
        Ok(operation.ok_or_else(|| Error::internal(&format!("redemption without its operation {}", self.id)))?)
    }
}

impl Redemption {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        let seed: Option<Vec<u8>> = row.get("seed");
        let draw = seed.map(|seed| Draw {
            reward: row.get("reward"),
            seed: seed.iter().map(|byte| format!("{byte:02x}")).collect(),
            weights: row.get("weights"),
            drawn: row.get("drawn"),
            recomputed: row.get("recomputed"),
            prize: row.get("prize"),
        });
        Redemption {
            bucket: row.get("bucket"),
            account_id: row.get("account_id"),
            id: row.get("id"),
            reward: row.get("reward"),
            price: row.get("price"),
            status: row.get("status"),
            coupon: row.get("coupon"),
            draw,
            redeemed_at: row.get("redeemed_at"),
            closed_at: row.get("closed_at"),
        }
    }
}

/// One redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RedemptionKey {
    pub bucket: i16,
    pub account_id: i64,
    pub id: Uuid,
}

/// A page of an account's redemptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RedemptionsKey {
    pub bucket: i16,
    pub account_id: i64,
    pub first: i32,
    pub before: Option<RedemptionCursor>,
}

/// The place of a redemption in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedemptionCursor {
    pub redeemed_at: DateTime<Utc>,
    pub id: Uuid,
}

impl RedemptionCursor {
    /// The place of this one.
    pub fn of(redemption: &Redemption) -> Self {
        RedemptionCursor { redeemed_at: redemption.redeemed_at, id: redemption.id }
    }

    /// As its text says; None: it is no such text.
    pub fn parse(cursor: &str) -> Option<Self> {
        let (micros, id) = cursor.split_once('_')?;
        let micros = micros.parse().ok().filter(|micros: &i64| *micros >= 0)?;
        Some(RedemptionCursor { redeemed_at: DateTime::from_timestamp_micros(micros)?, id: id.parse().ok()? })
    }
}

impl std::fmt::Display for RedemptionCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}_{}", self.redeemed_at.timestamp_micros(), self.id.simple())
    }
}

/// A reward to redeem.
#[derive(InputObject)]
pub struct RedeemRewardInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// The reward, e.g. UMBRELLA.
    pub reward: String,
    /// The price that the member was shown, in points; another than the present one is refused. Null: whatever it is.
    pub expected_price: Option<Points>,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Kind of points, which must be the reward's; points unless named.
    pub wallet: Option<String>,
    /// The host's order that it belongs to, so that returnOrder gives the points back: returned whole, it cancels the
    /// redemption; returned in part, it gives back that part of the points and nothing else.
    pub order_key: Option<String>,
    /// What that order amounts to, in money, so that part of it can be returned.
    pub order_amount: Option<Decimal>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A redemption to close.
#[derive(InputObject)]
pub struct CloseRedemptionInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// id of the redemption.
    pub redemption_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, at most 500 characters.
    pub reason: Option<String>,
    /// The person who does it, at most 128 characters.
    pub actor: Option<String>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl CloseRedemptionInput {
    fn into_request(self, kind: OperationKind, client_id: i32) -> Result<Request, Error> {
        Ok(Request {
            wallet: self.wallet,
            original: Some(parse_id("redemptionId", &self.redemption_id).map_err(|error| error.within(&["input"]))?),
            reason: self.reason,
            actor: self.actor,
            metadata: self.metadata.map(|metadata| metadata.0),
            ..Request::new(kind, client_id, self.user_id.0, self.idempotency_key)
        })
    }
}

macro_rules! redemption_payload {
    ($(#[$doc:meta])* $name:ident, $id:expr) => {
        payload!(
            $(#[$doc])*
            #[graphql(complex)]
            $name
        );

        #[ComplexObject]
        impl $name {
            /// The redemption as it stands now.
            async fn redemption(&self, context: &Context<'_>) -> async_graphql::Result<Redemption> {
                let Operation { bucket, account_id, .. } = self.operation;
                let id: Option<Uuid> = ($id)(&self.operation);
                let id = id.ok_or_else(|| Error::internal(&"an operation without its redemption"))?;
                let key = RedemptionKey { bucket, account_id, id };
                let redemption = context.data::<DataLoader<Reads>>()?.load_one(key).await?;
                Ok(redemption.ok_or_else(|| Error::internal(&format!("there is no redemption {id}")))?)
            }
        }
    };
}

redemption_payload!(
    /// A reward redeemed.
    RedeemRewardPayload,
    |operation: &Operation| Some(operation.id)
);
redemption_payload!(
    /// A redemption closed.
    CloseRedemptionPayload,
    |operation: &Operation| operation.original
);

/// Queries about redemptions.
#[derive(Default)]
pub struct RedemptionQuery;

#[Object]
impl RedemptionQuery {
    /// A redemption of a member; null: there is none of this id. Needs the scope read or audit, or the member's own
    /// token. INVALID_INPUT: id is no id.
    async fn redemption(
        &self,
        context: &Context<'_>,
        user_id: ID,
        id: ID,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<Redemption>> {
        reader(context, &user_id, &wallet)?;
        let id = parse_id("id", &id)?;
        let key = AccountKey::new(user_id, wallet)?;
        let Some(account) = context.data::<AccountReads>()?.load(key).await? else { return Ok(None) };
        let key = RedemptionKey { bucket: account.bucket, account_id: account.id, id };
        Ok(context.data::<DataLoader<Reads>>()?.load_one(key).await?)
    }
}

/// Mutations of redemptions.
#[derive(Default)]
pub struct RedemptionMutation;

#[Object]
impl RedemptionMutation {
    /// Redeems a reward: points, stock, quota and the redemption at once, or nothing. A coupon's code, and what was
    /// drawn, stand on the redemption. Needs the scope spend, or the member's own token. Errors: INVALID_INPUT,
    /// FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_REWARD, NOT_ON_SALE, PRICE_CHANGED (details.price is the present one),
    /// OUT_OF_STOCK, INSUFFICIENT_POINTS, ACCOUNT_FROZEN, LIMIT_REACHED (the quota), ACCOUNT_MERGED.
    async fn redeem_reward(
        &self,
        context: &Context<'_>,
        input: RedeemRewardInput,
    ) -> async_graphql::Result<RedeemRewardPayload> {
        let client_id = caller_for(context, &input.user_id)?.id;
        let request = Request {
            wallet: input.wallet,
            reward: Some(input.reward),
            points: input.expected_price.map(|price| price.0),
            order_key: input.order_key,
            amount: input.order_amount.map(|amount| amount.0),
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Redeem, client_id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }

    /// Says that a reserved redemption has been delivered. Needs the scope rewards. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, REDEMPTION_CLOSED, ACCOUNT_MERGED.
    async fn fulfil_redemption(
        &self,
        context: &Context<'_>,
        input: CloseRedemptionInput,
    ) -> async_graphql::Result<CloseRedemptionPayload> {
        let request = input.into_request(OperationKind::Fulfil, caller(context)?.id)?;
        execute(context, request).await
    }

    /// Cancels a reserved redemption: its points go back to their lots, its stock and quota are free again; a coupon's
    /// code stays handed out. Needs the scope rewards. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT,
    /// UNKNOWN_OPERATION, REDEMPTION_CLOSED, ACCOUNT_MERGED.
    async fn cancel_redemption(
        &self,
        context: &Context<'_>,
        input: CloseRedemptionInput,
    ) -> async_graphql::Result<CloseRedemptionPayload> {
        let request = input.into_request(OperationKind::Cancel, caller(context)?.id)?;
        execute(context, request).await
    }
}

/// A redemption was made, fulfilled or cancelled.
#[derive(Clone, Debug, SimpleObject)]
pub struct RedemptionChange {
    /// The redemption as it stands.
    pub redemption: Redemption,
    /// Names this change, to go on after it.
    pub cursor: String,
}

/// Redemptions of an account that have changed after a place, in that order; None: the one that changed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChangedRedemptionsKey {
    pub bucket: i16,
    pub account_id: i64,
    pub after: Option<RedemptionCursor>,
}

impl RedemptionChange {
    fn place_of(redemption: &Redemption) -> RedemptionCursor {
        RedemptionCursor { redeemed_at: redemption.closed_at.unwrap_or(redemption.redeemed_at), id: redemption.id }
    }

    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        let redemption = Redemption::from_row(row);
        RedemptionChange { cursor: Self::place_of(&redemption).to_string(), redemption }
    }
}

impl feed::Row for RedemptionChange {
    type Key = ChangedRedemptionsKey;
    type Place = RedemptionCursor;

    fn page(account: &Account, after: Option<RedemptionCursor>) -> ChangedRedemptionsKey {
        ChangedRedemptionsKey { bucket: account.bucket, account_id: account.id, after }
    }

    fn present(_: &Account) -> Option<RedemptionCursor> {
        None
    }

    fn first() -> RedemptionCursor {
        RedemptionCursor { redeemed_at: DateTime::UNIX_EPOCH, id: Uuid::nil() }
    }

    fn place(&self) -> RedemptionCursor {
        Self::place_of(&self.redemption)
    }
}

/// Subscriptions to redemptions.
#[derive(Default)]
pub struct RedemptionSubscription;

#[Subscription]
impl RedemptionSubscription {
    /// A member's redemptions as they are made, fulfilled or cancelled: first the one that has changed last, if there
    /// is any; or, with after, those that have changed since then. Several changes of one may come as one. With id,
    /// only those of that redemption, first as it stands. Needs the scope read or audit, or the member's own token.
    /// Errors: INVALID_INPUT.
    async fn redemption_changed(
        &self,
        context: &Context<'_>,
        user_id: ID,
        #[graphql(default = "points")] wallet: String,
        id: Option<ID>,
        after: Option<String>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<RedemptionChange>> + use<>> {
        reader(context, &user_id, &wallet)?;
        let id = id.map(|id| parse_id("id", &id)).transpose()?;
        let after = after.map(|cursor| RedemptionCursor::parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let after = after.or_else(|| id.map(|_| <RedemptionChange as feed::Row>::first()));
        let changes = feed::rows::<RedemptionChange>(context.data::<Feed>()?, AccountKey::new(user_id, wallet)?, after);
        Ok(changes.filter(move |change| ready(id.is_none_or(|id| change.redemption.id == id))).map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redemption_cursor_reads_back_as_it_was_written() {
        let redeemed_at = DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap();
        let cursor = RedemptionCursor { redeemed_at, id: Uuid::new_v4() };
        assert_eq!(RedemptionCursor::parse(&cursor.to_string()), Some(cursor));
        for bad in ["", "1", "1_1", "-1_00000000000000000000000000000000"] {
            assert!(RedemptionCursor::parse(bad).is_none(), "{bad}");
        }
    }
}
