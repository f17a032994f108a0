//! Mutations of the ledger: earn, spend, adjust.

use std::net::IpAddr;

use async_graphql::{Context, ID, InputObject, Json, Object, Union};
use chrono::{DateTime, Datelike, Utc};
use postgres_types::ToSql;
use rust_decimal::Decimal as Money;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    access::caller,
    error::Error,
    lanes::Lanes,
    operation::{OperationKind, Outcome},
    scalars::{Decimal, IpAddress, Points},
};

/// Operations in one earnPointsBatch or adjustPointsBatch.
const MAX_INPUTS: usize = 500;

/// One operation as asked for: `api.request`. As JSON it is a row of a batch, which says whose all its rows are.
#[derive(Clone, Debug, ToSql, Serialize, Deserialize)]
#[postgres(name = "request")]
pub struct Request {
    pub kind: OperationKind,
    pub user_id: String,
    pub wallet: Option<String>,
    #[serde(skip)]
    pub client_id: i32,
    pub idempotency_key: String,
    pub rule: Option<String>,
    pub order_key: Option<String>,
    pub reward: Option<String>,
    // No row of a batch has one.
    #[serde(skip)]
    pub original: Option<Uuid>,
    pub counterparty: Option<String>,
    pub amount: Option<Money>,
    pub points: Option<i64>,
    pub occurred_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub actor: Option<String>,
    pub metadata: Option<Value>,
    pub subject: Option<String>,
    pub origin: Option<Origin>,
}

/// Where an award was asked for: `api.origin`.
#[derive(Clone, Debug, ToSql, Serialize, Deserialize)]
#[postgres(name = "origin")]
pub struct Origin {
    pub address: Option<IpAddr>,
    pub device: Option<String>,
}

impl Request {
    /// An operation with nothing but what each has.
    pub fn new(kind: OperationKind, client_id: i32, user_id: String, idempotency_key: String) -> Self {
        Request {
            kind,
            user_id,
            wallet: None,
            client_id,
            idempotency_key,
            rule: None,
            order_key: None,
            reward: None,
            original: None,
            counterparty: None,
            amount: None,
            points: None,
            occurred_at: None,
            expires_at: None,
            reason: None,
            actor: None,
            metadata: None,
            subject: None,
            origin: None,
        }
    }

    /// Refuses what PostgreSQL can't even receive, which would fail the whole batch.
    pub fn check(&self) -> Result<(), Error> {
        let texts = [
            ("userId", Some(&self.user_id)),
            ("wallet", self.wallet.as_ref()),
            ("idempotencyKey", Some(&self.idempotency_key)),
            ("rule", self.rule.as_ref()),
            ("orderKey", self.order_key.as_ref()),
            ("reward", self.reward.as_ref()),
            ("counterparty", self.counterparty.as_ref()),
            ("reason", self.reason.as_ref()),
            ("actor", self.actor.as_ref()),
            ("subject", self.subject.as_ref()),
            ("origin", self.origin.as_ref().and_then(|origin| origin.device.as_ref())),
        ];
        for (path, text) in texts {
            check_text(path, text.map_or("", String::as_str))?;
        }
        for (path, instant) in [("occurredAt", self.occurred_at), ("expiresAt", self.expires_at)] {
            check_instant(path, instant)?;
        }
        match &self.metadata {
            Some(metadata) => check_json("metadata", metadata),
            None => Ok(()),
        }
    }

    /// The wallet that it names or means.
    pub fn wallet(&self) -> &str {
        self.wallet.as_deref().unwrap_or("points")
    }
}

/// Refuses the character NUL, which no text in PostgreSQL can hold.
pub fn check_text(path: &str, text: &str) -> Result<(), Error> {
    if text.contains('\0') { Err(Error::invalid_input(path, "must not contain the character NUL")) } else { Ok(()) }
}

/// Refuses what is before PostgreSQL's first instant, in 4713 BC.
pub fn check_instant(path: &str, instant: Option<DateTime<Utc>>) -> Result<(), Error> {
    let before = instant.is_some_and(|instant| instant.year() < 0);
    if before { Err(Error::invalid_input(path, "is too long ago")) } else { Ok(()) }
}

fn check_json(path: &str, value: &Value) -> Result<(), Error> {
    match value {
        Value::String(text) => check_text(path, text),
        Value::Array(values) => values.iter().try_for_each(|value| check_json(path, value)),
        Value::Object(values) => {
            values.iter().try_for_each(|(name, value)| check_text(path, name).and_then(|()| check_json(path, value)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Where the member is, for limits and risk rules that look at it. Neither is kept: only keyed hashes, to count by.
#[derive(InputObject)]
pub struct OriginInput {
    /// The member's network address, as the host sees it: IPv4, or IPv6, which counts as its network of 64 bits.
    pub address: Option<IpAddress>,
    /// The host's name for the device, 1 to 128 characters.
    pub device: Option<String>,
}

impl From<OriginInput> for Origin {
    fn from(input: OriginInput) -> Self {
        Origin { address: input.address.map(|address| address.0), device: input.device }
    }
}

/// Points to award by a rule.
#[derive(InputObject)]
pub struct EarnPointsInput {
    /// The host's name for the member, 1 to 64 characters. The account is made if it isn't there.
    pub user_id: ID,
    /// The rule, e.g. ORDER.
    pub rule: String,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters, e.g. the order number.
    pub idempotency_key: String,
    /// Amount of money, for rules that take one: from 0, with at most 8 decimals.
    pub amount: Option<Decimal>,
    /// Points, for rules that take them.
    pub points: Option<Points>,
    /// When it happened, if not now; validity counts from it.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The host's order that it belongs to, for returnOrder; if there is an amount, the one that idempotencyKey names
    /// unless given.
    pub order_key: Option<String>,
    /// Where the member is; the same key from elsewhere is the same request.
    pub origin: Option<OriginInput>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl EarnPointsInput {
    pub fn into_request(self, client_id: i32) -> Request {
        Request {
            wallet: self.wallet,
            rule: Some(self.rule),
            amount: self.amount.map(|amount| amount.0),
            points: self.points.map(|points| points.0),
            occurred_at: self.occurred_at,
            order_key: self.order_key,
            metadata: self.metadata.map(|metadata| metadata.0),
            origin: self.origin.map(Origin::from),
            ..Request::new(OperationKind::Earn, client_id, self.user_id.0, self.idempotency_key)
        }
    }
}

/// Points to take.
#[derive(InputObject)]
pub struct SpendPointsInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// Points, from 1.
    pub points: Points,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// What for, at most 500 characters.
    pub reason: Option<String>,
    /// The host's order that the points pay for, so that returnOrder gives them back.
    pub order_key: Option<String>,
    /// What that order amounts to, in money, so that part of it can be returned.
    pub order_amount: Option<Decimal>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl SpendPointsInput {
    pub fn into_request(self, client_id: i32) -> Request {
        Request {
            wallet: self.wallet,
            points: Some(self.points.0),
            reason: self.reason,
            order_key: self.order_key,
            amount: self.order_amount.map(|amount| amount.0),
            metadata: self.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Spend, client_id, self.user_id.0, self.idempotency_key)
        }
    }
}

/// A correction by hand.
#[derive(InputObject)]
pub struct AdjustPointsInput {
    /// The host's name for the member. The account is made if it isn't there.
    pub user_id: ID,
    /// Points to add, or, below 0, to take; not 0.
    pub points: Points,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The person who does it, 1 to 128 characters.
    pub actor: String,
    /// When points that are added expire; null: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl AdjustPointsInput {
    pub fn into_request(self, client_id: i32) -> Request {
        Request {
            wallet: self.wallet,
            points: Some(self.points.0),
            expires_at: self.expires_at,
            reason: Some(self.reason),
            actor: Some(self.actor),
            metadata: self.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Adjust, client_id, self.user_id.0, self.idempotency_key)
        }
    }
}

/// What a mutation of one operation answers.
macro_rules! payload {
    ($(#[$meta:meta])* $name:ident) => {
        #[derive(async_graphql::SimpleObject)]
        $(#[$meta])*
        pub struct $name {
            /// The operation.
            operation: crate::operation::Operation,
            /// The entry that it booked; null: it moved nothing.
            entry: Option<crate::operation::Entry>,
            /// The account as it stands now.
            account: crate::account::Account,
            /// True: it was carried out earlier under this key, and this is what came of it.
            replayed: bool,
        }

        impl From<crate::operation::Outcome> for $name {
            fn from(outcome: crate::operation::Outcome) -> Self {
                let crate::operation::Outcome { operation, entry, account, replayed } = outcome;
                $name { operation, entry, account, replayed }
            }
        }
    };
}
pub(crate) use payload;

payload!(
    /// Points awarded.
    EarnPointsPayload
);
payload!(
    /// Points taken.
    SpendPointsPayload
);
payload!(
    /// Points corrected.
    AdjustPointsPayload
);

/// What came of one award of a batch.
#[derive(Union)]
pub enum EarnPointsResult {
    /// Carried out.
    Payload(Box<EarnPointsPayload>),
    /// Refused.
    Refusal(Error),
}

/// What came of one correction of a batch.
#[derive(Union)]
pub enum AdjustPointsResult {
    /// Carried out.
    Payload(Box<AdjustPointsPayload>),
    /// Refused.
    Refusal(Error),
}

/// Mutations of the ledger.
#[derive(Default)]
pub struct LedgerMutation;

#[Object]
impl LedgerMutation {
    /// Awards points by a rule. Needs the scope earn. Errors: INVALID_INPUT, FORBIDDEN, UNKNOWN_RULE,
    /// IDEMPOTENCY_CONFLICT, LIMIT_REACHED, ACCOUNT_FROZEN, ACCOUNT_MERGED, RULE_RETIRED, ALREADY_EARNED, AWARD_DENIED.
    async fn earn_points(
        &self,
        context: &Context<'_>,
        input: EarnPointsInput,
    ) -> async_graphql::Result<EarnPointsPayload> {
        let request = input.into_request(caller(context)?.id);
        execute(context, request).await
    }

    /// Takes points, those that expire soonest first. Needs the scope spend. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, INSUFFICIENT_POINTS, LIMIT_REACHED, ACCOUNT_FROZEN, ACCOUNT_MERGED.
    async fn spend_points(
        &self,
        context: &Context<'_>,
        input: SpendPointsInput,
    ) -> async_graphql::Result<SpendPointsPayload> {
        let request = input.into_request(caller(context)?.id);
        execute(context, request).await
    }

    /// Corrects an account by hand, either way. It is not an earn: levels do not move. Needs the scope adjust. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, INSUFFICIENT_POINTS, LIMIT_REACHED, ACCOUNT_MERGED.
    async fn adjust_points(
        &self,
        context: &Context<'_>,
        input: AdjustPointsInput,
    ) -> async_graphql::Result<AdjustPointsPayload> {
        let request = input.into_request(caller(context)?.id);
        execute(context, request).await
    }

    /// Awards points, up to 500 at once, each on its own: a row an input, in order. Those of one account are carried
    /// out in order. Needs the scope earn. Errors: INVALID_INPUT when there are too many.
    #[graphql(complexity = "inputs.len() * child_complexity")]
    async fn earn_points_batch(
        &self,
        context: &Context<'_>,
        inputs: Vec<EarnPointsInput>,
    ) -> async_graphql::Result<Vec<EarnPointsResult>> {
        let client_id = caller(context)?.id;
        let answers = execute_all(context, inputs, |input| input.into_request(client_id)).await?;
        Ok(answers
            .map(|answer| match answer {
                Ok(outcome) => EarnPointsResult::Payload(Box::new(outcome.into())),
                Err(error) => EarnPointsResult::Refusal(error),
            })
            .collect())
    }

    /// Corrects accounts by hand, up to 500 at once, each on its own: a row an input, in order. Those of one account are
    /// carried out in order. Needs the scope adjust. Errors: INVALID_INPUT when there are too many.
    #[graphql(complexity = "inputs.len() * child_complexity")]
    async fn adjust_points_batch(
        &self,
        context: &Context<'_>,
        inputs: Vec<AdjustPointsInput>,
    ) -> async_graphql::Result<Vec<AdjustPointsResult>> {
        let client_id = caller(context)?.id;
        let answers = execute_all(context, inputs, |input| input.into_request(client_id)).await?;
        Ok(answers
            .map(|answer| match answer {
                Ok(outcome) => AdjustPointsResult::Payload(Box::new(outcome.into())),
                Err(error) => AdjustPointsResult::Refusal(error),
            })
            .collect())
    }
}

/// Carries out up to 500 operations, each on its own; what is wrong with one is wrong with its place in `inputs`.
async fn execute_all<I>(
    context: &Context<'_>,
    inputs: Vec<I>,
    into_request: impl Fn(I) -> Request,
) -> async_graphql::Result<impl Iterator<Item = Result<Outcome, Error>>> {
    if inputs.len() > MAX_INPUTS {
        return Err(Error::invalid_input("inputs", "must be at most 500").into());
    }
    let requests = inputs.into_iter().map(into_request).collect();
    let answers = context.data::<Lanes>()?.execute_all(requests).await;
    let within = |(index, answer): (usize, Result<Outcome, Error>)| {
        answer.map_err(|error| error.within(&["inputs", &index.to_string()]))
    };
    Ok(answers.into_iter().enumerate().map(within))
}

/// Carries out one operation; what is wrong with it is wrong with the argument `input`.
pub async fn execute<P: From<Outcome>>(context: &Context<'_>, request: Request) -> async_graphql::Result<P> {
    let outcome = context.data::<Lanes>()?.execute(request).await.map_err(|error| error.within(&["input"]))?;
    Ok(outcome.into())
}

/// As [`execute`], where inputs have other names in GraphQL than in `api.request`.
pub async fn execute_about<P: From<Outcome>>(
    context: &Context<'_>,
    request: Request,
    names: &[(&str, &str)],
) -> async_graphql::Result<P> {
    let answer = context.data::<Lanes>()?.execute(request).await;
    Ok(answer.map_err(|error| error.renamed(names).within(&["input"]))?.into())
}
