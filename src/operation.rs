//! Operations and entries: what was asked, what came of it, and what moved.

use async_graphql::{ComplexObject, Context, Enum, ID, Json, SimpleObject, Subscription, dataloader::DataLoader};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use postgres_types::{FromSql, ToSql};
use rust_decimal::Decimal as Money;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    access::{by_member, host, owner, reader},
    account::{Account, AccountKey},
    client::MEMBERS,
    error::Error,
    feed::{self, Feed},
    reads::Reads,
    scalars::{Decimal, Points},
};

/// What an operation asks for. From EXPIRE on they are Jifen's own, but for ERASE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql, Serialize, Deserialize)]
#[postgres(name = "operation_kind", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Points by a rule.
    Earn,
    /// Points for something.
    Spend,
    /// A correction by hand.
    Adjust,
    /// Points reserved, or offered to another member.
    Hold,
    /// Points of a hold spent; the rest goes back.
    Capture,
    /// Points of a hold or offer given back.
    Release,
    /// An operation undone.
    Reverse,
    /// An order returned, or part of it.
    Return,
    /// Points for another member.
    Transfer,
    /// Points for a reward.
    Redeem,
    /// A redemption delivered.
    Fulfil,
    /// A redemption cancelled.
    Cancel,
    /// Spending stopped.
    Freeze,
    /// Spending allowed again.
    Unfreeze,
    /// The account made one with another of the same person.
    Merge,
    /// A merge undone.
    Unmerge,
    /// An award in review let go.
    Approve,
    /// An award in review taken back.
    Reject,
    /// Points for signing in on a local day.
    SignIn,
    /// A day made up on which the member had not signed in.
    MakeUp,
    /// A time zone of the member's own.
    SetTimeZone,
    /// Steps of a task done.
    Progress,
    /// Points for a task.
    Claim,
    /// A code to invite others by.
    Invite,
    /// An invitation taken.
    Join,
    /// Points live longer.
    Extend,
    /// A pending award taken back.
    CancelAward,
    /// Pending points become available: early, as asked, or, of Jifen's own, when their time has come.
    Activate,
    /// Expired points come back: as asked, or, of Jifen's own, to be clawed back.
    Reinstate,
    /// Points reach their expiry.
    Expire,
    /// A debt is paid from what has come in.
    Repay,
    /// A debt is forgiven.
    WriteOff,
    /// Points from another member.
    Receive,
    /// What a merged account got goes on to the one that it was merged into.
    Forward,
    /// The member's name removed for ever, and what was left written off.
    Erase,
}

/// What an entry books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql, ToSql)]
#[postgres(name = "entry_kind", rename_all = "snake_case")]
pub enum EntryKind {
    /// Points by a rule.
    Earn,
    /// Points for something.
    Spend,
    /// A correction by hand.
    Adjust,
    /// Points reserved.
    Hold,
    /// Points of a hold spent; the rest goes back.
    Capture,
    /// Points of a hold given back.
    Release,
    /// Points earned are taken back.
    Clawback,
    /// Points spent are given back.
    Refund,
    /// Points to or from another member.
    Transfer,
    /// Points and debt to or from another account of the same person.
    Merge,
    /// Pending points become available.
    Activate,
    /// Points reach their expiry.
    Expire,
    /// Expired points come back.
    Reinstate,
    /// A debt is paid from what has come in.
    Repay,
    /// A debt is forgiven.
    WriteOff,
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
    /// None: the member was erased since the account was read.
    #[graphql(skip)]
    pub user_id: Option<String>,
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
    /// Rule that it earns by; null: it does not earn.
    pub rule: Option<String>,
    /// Version of the rule that decided the award; null: it does not earn.
    pub rule_version: Option<i32>,
    /// The host's order that it belongs to; null: none, or the one that the key of an earn names.
    pub order_key: Option<String>,
    /// Reward redeemed; null: not a redemption.
    pub reward: Option<String>,
    /// What it is done for: the local day made up, the time zone set, the task, or the code of an invitation; null: none of these.
    pub subject: Option<String>,
    #[graphql(skip)]
    pub original: Option<Uuid>,
    #[graphql(skip)]
    pub counterparty: Option<String>,
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
    #[graphql(skip)]
    pub actor: Option<String>,
    #[graphql(skip)]
    pub metadata: Option<Value>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When it was booked.
    pub recorded_at: DateTime<Utc>,
    /// When the points granted become available; null: it granted none.
    pub available_at: Option<DateTime<Utc>>,
    /// When the points granted expire, or a hold ends; null: never, or neither.
    pub expires_at: Option<DateTime<Utc>>,
}

#[ComplexObject]
impl Operation {
    /// The member.
    async fn user_id(&self) -> ID {
        ID::from(self.user_id.as_deref().unwrap_or_default())
    }

    /// Names the operation, and the hold that it made, among those of the account.
    async fn id(&self) -> ID {
        ID::from(self.id)
    }

    /// id of the operation that it reverses, of the hold or offer that it captures, accepts or releases, of the redemption
    /// that it fulfils or cancels, or, for RECEIVE, of the sender's transfer; null: none.
    async fn original_id(&self) -> Option<ID> {
        self.original.map(ID::from)
    }

    /// The other member of a transfer, of its reversal, or of an offer; null: it is none, or that member was erased.
    async fn counterparty(&self) -> Option<ID> {
        self.counterparty.as_ref().map(ID::from)
    }

    /// Points that it was about: in for EARN, SIGN_IN and CLAIM, out for SPEND and MAKE_UP, reserved for HOLD, spent for CAPTURE, given back for
    /// RELEASE and CANCEL; either sign for ADJUST, REVERSE and ERASE; 0 when refused or when nothing was due.
    async fn points(&self) -> Points {
        Points(self.points)
    }

    /// Points as asked, or steps of a task; null: the rule decided.
    async fn requested(&self) -> Option<Points> {
        self.requested.map(Points)
    }

    /// Amount of money, in the program's currency: of the award's basis, of the order, or returned; null: none was named.
    async fn amount(&self) -> Option<Decimal> {
        self.amount.map(Decimal)
    }

    /// Facts of the refusal, of what a return undid, of a sign-in or of a task; null: there are none. A member sees nothing
    /// of risk rules.
    async fn details(&self, context: &Context<'_>) -> async_graphql::Result<Option<Json<Value>>> {
        let mut detail = self.detail.clone();
        if by_member(context)?
            && let Some(Value::Object(facts)) = &mut detail
        {
            facts.remove("risk");
            if facts.is_empty() {
                detail = None;
            }
        }
        Ok(detail.map(Json))
    }

    /// Person behind the request; null: none was named. FORBIDDEN: a member reads it, and no member asked for the operation.
    async fn actor(&self, context: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        self.asked_or_host(context)?;
        Ok(self.actor.as_deref())
    }

    /// Whatever the host keeps with it; null: nothing. FORBIDDEN: a member reads it, and no member asked for the operation.
    async fn metadata(&self, context: &Context<'_>) -> async_graphql::Result<Option<Json<Value>>> {
        self.asked_or_host(context)?;
        Ok(self.metadata.clone().map(Json))
    }

    /// The entry that it booked; null: it moved nothing. FORBIDDEN: it is on another member's account.
    async fn entry(&self, context: &Context<'_>) -> async_graphql::Result<Option<Entry>> {
        owner(context, self.user_id.as_deref())?;
        let Some(seq) = self.seq else { return Ok(None) };
        let key = EntryKey { bucket: self.bucket, account_id: self.account_id, seq, recorded_at: self.recorded_at };
        Ok(context.data::<DataLoader<Reads>>()?.load_one(key).await?)
    }
}

impl Operation {
    fn asked_or_host(&self, context: &Context<'_>) -> Result<(), Error> {
        if self.client_id == MEMBERS { Ok(()) } else { host(context) }
    }

    /// The operation's id, as `api.operation_id` computes it.
    pub fn id_of(client_id: i32, idempotency_key: &str) -> Uuid {
        let hash = Sha256::digest(format!("{client_id}:{idempotency_key}").as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Uuid::from_bytes(bytes)
    }
}

/// A fact that the database has said of an operation in its detail.
pub fn fact<T: DeserializeOwned>(operation: &Operation, name: &str) -> Result<T, Error> {
    let value = operation.detail.as_ref().and_then(|detail| detail.get(name)).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| Error::internal(&format!("an operation without its {name}: {error}")))
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

/// What moved. A whole double entry: contra takes minus the net of the deltas (pending, available and held, less debt).
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
    pub user_id: Option<String>,
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
    pub debt_delta: i64,
    #[graphql(skip)]
    pub pending_after: i64,
    #[graphql(skip)]
    pub available_after: i64,
    #[graphql(skip)]
    pub held_after: i64,
    #[graphql(skip)]
    pub debt_after: i64,
    /// Account that takes the opposite amount: issuance, redemption, adjustment, expiry, transfer or write_off; internal:
    /// none does, points moved between pockets.
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

    /// Change of debt.
    async fn debt_delta(&self) -> Points {
        Points(self.debt_delta)
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

    /// debt after it.
    async fn debt_after(&self) -> Points {
        Points(self.debt_after)
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

/// Entries of an account after one, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewEntriesKey {
    pub bucket: i16,
    pub account_id: i64,
    pub after: i64,
}

impl feed::Row for Entry {
    type Key = NewEntriesKey;
    type Place = i64;

    fn page(account: &Account, after: Option<i64>) -> NewEntriesKey {
        NewEntriesKey { bucket: account.bucket, account_id: account.id, after: after.unwrap_or_default() }
    }

    fn present(account: &Account) -> Option<i64> {
        Some(account.version)
    }

    fn first() -> i64 {
        0
    }

    fn place(&self) -> i64 {
        self.seq
    }
}

/// The seq that a subscriber has got to.
pub fn parse_seq(after: Option<ID>) -> Result<Option<i64>, Error> {
    let seq = after
        .map(|after| after.parse().ok().filter(|seq: &i64| *seq >= 0))
        .map(|seq| seq.ok_or_else(|| Error::invalid_input("after", "must be the seq of an entry, or 0")));
    seq.transpose()
}

/// Subscriptions to entries.
#[derive(Default)]
pub struct EntrySubscription;

#[Subscription]
impl EntrySubscription {
    /// Every entry of a member's account, in order, without gaps: those after the one named, and then each as it is
    /// booked. after is the seq of an entry, 0 for all, or a cursor of Account.entries; null: those booked from now on.
    /// To go on after a lost connection, name the last one received. Needs the scope read or audit, or the member's own
    /// token. Errors: INVALID_INPUT.
    async fn entry_added(
        &self,
        context: &Context<'_>,
        user_id: ID,
        #[graphql(default = "points")] wallet: String,
        after: Option<ID>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Entry>> + use<>> {
        reader(context, &user_id, &wallet)?;
        let (key, after) = (AccountKey::new(user_id, wallet)?, parse_seq(after)?);
        Ok(feed::rows::<Entry>(context.data::<Feed>()?, key, after).map(Ok))
    }
}
