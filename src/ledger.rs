//! Operations and entries: earn, spend, adjust.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Json, Object, SimpleObject, Union, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::{FromSql, ToSql};
use rust_decimal::Decimal as Money;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    account::Account,
    client::caller,
    error::Error,
    lanes::Lanes,
    reads::Reads,
    scalars::{Decimal, Points},
};

/// Awards in one earnPointsBatch.
const MAX_INPUTS: usize = 500;

/// What an operation asks for. ACTIVATE and EXPIRE are Jifen's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "operation_kind", rename_all = "snake_case")]
pub enum OperationKind {
    /// Points by a rule.
    Earn,
    /// Points for something.
    Spend,
    /// A correction by hand.
    Adjust,
    /// Pending points become available.
    Activate,
    /// Points reach their expiry.
    Expire,
}

/// What an entry books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql)]
#[postgres(name = "entry_kind", rename_all = "snake_case")]
pub enum EntryKind {
    /// Points by a rule.
    Earn,
    /// Points for something.
    Spend,
    /// A correction by hand.
    Adjust,
    /// Pending points become available.
    Activate,
    /// Points reach their expiry.
    Expire,
}

/// One operation as asked for: `api.request`.
#[derive(Clone, Debug, ToSql)]
#[postgres(name = "request")]
pub struct Request {
    pub kind: OperationKind,
    pub user_id: String,
    pub wallet: Option<String>,
    pub client_id: i32,
    pub idempotency_key: String,
    pub rule: Option<String>,
    pub amount: Option<Money>,
    pub points: Option<i64>,
    pub occurred_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub actor: Option<String>,
    pub metadata: Option<Value>,
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
            amount: None,
            points: None,
            occurred_at: None,
            expires_at: None,
            reason: None,
            actor: None,
            metadata: None,
        }
    }

    /// The wallet that it names or means.
    pub fn wallet(&self) -> &str {
        self.wallet.as_deref().unwrap_or("points")
    }
}

/// What was asked, by whom, under which key, and what came of it.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "operation")]
#[graphql(complex)]
pub struct Operation {
    #[graphql(skip)]
    pub bucket: i16,
    #[graphql(skip)]
    pub account_id: i64,
    #[graphql(skip)]
    pub id: Uuid,
    #[graphql(skip)]
    pub user_id: String,
    /// Kind of points.
    pub wallet: String,
    #[graphql(skip)]
    pub client_id: i32,
    /// Who asked.
    pub client: String,
    /// The client's key.
    pub idempotency_key: String,
    /// What was asked.
    pub kind: OperationKind,
    /// Rule to earn by; null: not an earn.
    pub rule: Option<String>,
    /// Version of the rule that decided the award; null: not an earn.
    pub rule_version: Option<i32>,
    #[graphql(skip)]
    pub amount: Option<Money>,
    #[graphql(skip)]
    pub requested: Option<i64>,
    #[graphql(skip)]
    pub points: i64,
    #[graphql(skip)]
    pub seq: Option<i64>,
    /// Code of the refusal, e.g. INSUFFICIENT_POINTS; null: carried out.
    pub refusal: Option<String>,
    #[graphql(skip)]
    pub detail: Option<Value>,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// Person behind the request.
    pub actor: Option<String>,
    /// Whatever the host keeps with it.
    pub metadata: Option<Value>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was booked.
    pub recorded_at: DateTime<Utc>,
    /// When the points granted become available; null: it granted none.
    pub available_at: Option<DateTime<Utc>>,
    /// When the points granted expire; null: never, or it granted none.
    pub expires_at: Option<DateTime<Utc>>,
}

#[ComplexObject]
impl Operation {
    /// The member.
    async fn user_id(&self) -> ID {
        ID::from(&self.user_id)
    }

    /// Points moved: in for EARN, out for SPEND, either sign for ADJUST; 0 when refused or when nothing was due.
    async fn points(&self) -> Points {
        Points(self.points)
    }

    /// Points as asked; null: the rule decided.
    async fn requested(&self) -> Option<Points> {
        self.requested.map(Points)
    }

    /// Amount of money, in the program's currency; null: the rule takes none.
    async fn amount(&self) -> Option<Decimal> {
        self.amount.map(Decimal)
    }

    /// Facts of the refusal; null: carried out, or there are none.
    async fn details(&self) -> Option<Json<Value>> {
        self.detail.clone().map(Json)
    }

    /// The entry that it booked; null: it moved nothing.
    async fn entry(&self, context: &Context<'_>) -> async_graphql::Result<Option<Entry>> {
        let Some(seq) = self.seq else { return Ok(None) };
        let key = EntryKey { bucket: self.bucket, account_id: self.account_id, seq, recorded_at: self.recorded_at };
        Ok(context.data::<DataLoader<Reads>>()?.load_one(key).await?)
    }
}

impl Operation {
    /// The operation's id, as `api.operation_id` computes it.
    pub fn id(client_id: i32, idempotency_key: &str) -> Uuid {
        let hash = Sha256::digest(format!("{client_id}:{idempotency_key}").as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Uuid::from_bytes(bytes)
    }
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OperationKey {
    pub bucket: i16,
    pub account_id: i64,
    pub id: Uuid,
}

/// One entry, and when it was booked, which names its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntryKey {
    pub bucket: i16,
    pub account_id: i64,
    pub seq: i64,
    pub recorded_at: DateTime<Utc>,
}

/// What moved. A whole double entry: contra takes minus the sum of the deltas.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "entry")]
#[graphql(complex)]
pub struct Entry {
    #[graphql(skip)]
    pub bucket: i16,
    #[graphql(skip)]
    pub account_id: i64,
    #[graphql(skip)]
    pub seq: i64,
    #[graphql(skip)]
    pub user_id: String,
    #[graphql(skip)]
    pub wallet: String,
    #[graphql(skip)]
    pub operation_id: Uuid,
    /// What it books.
    pub kind: EntryKind,
    #[graphql(skip)]
    pub pending_delta: i64,
    #[graphql(skip)]
    pub available_delta: i64,
    #[graphql(skip)]
    pub held_delta: i64,
    #[graphql(skip)]
    pub pending_after: i64,
    #[graphql(skip)]
    pub available_after: i64,
    #[graphql(skip)]
    pub held_after: i64,
    /// Account that takes the opposite amount: issuance, redemption, adjustment or expiry; internal: none does, points
    /// moved between pockets.
    pub contra: String,
    /// When it happened in the world.
    pub occurred_at: DateTime<Utc>,
    /// When it was booked.
    pub recorded_at: DateTime<Utc>,
}

#[ComplexObject]
impl Entry {
    /// Number within the account, from 1 without gaps; the account's version after it.
    async fn seq(&self) -> Points {
        Points(self.seq)
    }

    /// Change of pending.
    async fn pending_delta(&self) -> Points {
        Points(self.pending_delta)
    }

    /// Change of available.
    async fn available_delta(&self) -> Points {
        Points(self.available_delta)
    }

    /// Change of held.
    async fn held_delta(&self) -> Points {
        Points(self.held_delta)
    }

    /// pending after it.
    async fn pending_after(&self) -> Points {
        Points(self.pending_after)
    }

    /// available after it.
    async fn available_after(&self) -> Points {
        Points(self.available_after)
    }

    /// held after it.
    async fn held_after(&self) -> Points {
        Points(self.held_after)
    }

    /// The operation that it belongs to.
    async fn operation(&self, context: &Context<'_>) -> async_graphql::Result<Operation> {
        let key = OperationKey { bucket: self.bucket, account_id: self.account_id, id: self.operation_id };
        let operation = context.data::<DataLoader<Reads>>()?.load_one(key).await?;
        Ok(operation.ok_or_else(|| Error::internal(&format!("entry without its operation {}", self.operation_id)))?)
    }
}

/// An operation that was carried out, now or earlier under the same key.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub operation: Operation,
    pub entry: Option<Entry>,
    pub account: Account,
    pub replayed: bool,
}

impl Outcome {
    /// From a row of `api.execute`.
    pub fn from_row(row: &Row) -> Result<Result<Outcome, Error>, tokio_postgres::Error> {
        if let Some(code) = row.try_get("refusal")? {
            return Ok(Err(Error::refused(code, row.try_get("detail")?)));
        }
        Ok(Ok(Outcome {
            operation: row.try_get("operation")?,
            entry: row.try_get("entry")?,
            account: row.try_get("account")?,
            replayed: row.try_get("replayed")?,
        }))
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
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl EarnPointsInput {
    fn into_request(self, client_id: i32) -> Request {
        Request {
            wallet: self.wallet,
            rule: Some(self.rule),
            amount: self.amount.map(|amount| amount.0),
            points: self.points.map(|points| points.0),
            occurred_at: self.occurred_at,
            metadata: self.metadata.map(|metadata| metadata.0),
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
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl SpendPointsInput {
    fn into_request(self, client_id: i32) -> Request {
        Request {
            wallet: self.wallet,
            points: Some(self.points.0),
            reason: self.reason,
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
    fn into_request(self, client_id: i32) -> Request {
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

macro_rules! payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        pub struct $name {
            /// The operation.
            operation: Operation,
            /// The entry that it booked; null: it moved nothing.
            entry: Option<Entry>,
            /// The account as it stands now.
            account: Account,
            /// True: it was carried out earlier under this key, and this is what came of it.
            replayed: bool,
        }

        impl From<Outcome> for $name {
            fn from(outcome: Outcome) -> Self {
                let Outcome { operation, entry, account, replayed } = outcome;
                $name { operation, entry, account, replayed }
            }
        }
    };
}

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
    Payload(EarnPointsPayload),
    /// Refused.
    Refusal(Error),
}

/// Mutations of the ledger.
#[derive(Default)]
pub struct LedgerMutation;

#[Object]
impl LedgerMutation {
    /// Awards points by a rule. Needs the scope earn. Errors: INVALID_INPUT, FORBIDDEN, UNKNOWN_RULE,
    /// IDEMPOTENCY_CONFLICT, LIMIT_REACHED.
    async fn earn_points(
        &self,
        context: &Context<'_>,
        input: EarnPointsInput,
    ) -> async_graphql::Result<EarnPointsPayload> {
        let request = input.into_request(caller(context)?.id);
        execute(context, request).await
    }

    /// Takes points, those that expire soonest first. Needs the scope spend. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, INSUFFICIENT_POINTS, LIMIT_REACHED.
    async fn spend_points(
        &self,
        context: &Context<'_>,
        input: SpendPointsInput,
    ) -> async_graphql::Result<SpendPointsPayload> {
        let request = input.into_request(caller(context)?.id);
        execute(context, request).await
    }

    /// Corrects an account by hand, either way. It is not an earn: levels do not move. Needs the scope adjust. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, INSUFFICIENT_POINTS, LIMIT_REACHED.
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
        let client = caller(context)?;
        if inputs.len() > MAX_INPUTS {
            return Err(Error::invalid_input("inputs", "must be at most 500").into());
        }
        let requests = inputs.into_iter().map(|input| input.into_request(client.id)).collect();
        let answers = context.data::<Lanes>()?.execute_all(requests).await;
        Ok(answers
            .into_iter()
            .enumerate()
            .map(|(index, answer)| match answer {
                Ok(outcome) => EarnPointsResult::Payload(outcome.into()),
                Err(error) => EarnPointsResult::Refusal(error.within(&["inputs", &index.to_string()])),
            })
            .collect())
    }
}

async fn execute<P: From<Outcome>>(context: &Context<'_>, request: Request) -> async_graphql::Result<P> {
    let outcome = context.data::<Lanes>()?.execute(request).await.map_err(|error| error.within(&["input"]))?;
    Ok(outcome.into())
}
