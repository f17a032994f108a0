//! Members' levels: what they reach by earning, for how long, and what became of it.

use async_graphql::{ComplexObject, Context, Enum, ID, SimpleObject, Subscription, dataloader::DataLoader};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use postgres_types::{FromSql, ToSql};
use rust_decimal::Decimal as Number;
use tokio_postgres::Row;

use crate::{
    access::reader,
    account::{Account, AccountKey},
    error::Error,
    feed::{self, Feed},
    operation::{Operation, OperationKey},
    reads::Reads,
    scalars::{Decimal, Points},
};

/// Which points earned decide a level. What was clawed back counts for none, in whatever period it was earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "level_measure", rename_all = "snake_case")]
pub enum LevelMeasure {
    /// All ever.
    Ever,
    /// Those of the present local month and the 11 before it; a period is a month.
    RollingYear,
    /// Those of the local calendar year.
    CalendarYear,
    /// Those since the account's first local day or the last anniversary of it.
    MembershipYear,
}

/// Why a level changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, FromSql)]
#[postgres(name = "level_cause", rename_all = "snake_case")]
pub enum LevelCause {
    /// Points were earned.
    Award,
    /// Points earned were taken back.
    Clawback,
    /// Accounts were merged or parted.
    Merge,
    /// A period ended, and its days of grace.
    PeriodEnd,
    /// An operator changed the levels.
    LevelsChanged,
}

/// A level of the program.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct LevelStep {
    #[graphql(skip)]
    pub wallet: String,
    /// Stable name, e.g. VIP1.
    pub code: String,
}

#[ComplexObject]
impl LevelStep {
    /// Name for people.
    async fn name(&self, context: &Context<'_>) -> async_graphql::Result<String> {
        Ok(self.terms(context).await?.name)
    }

    /// Points earned from which the level holds.
    async fn threshold(&self, context: &Context<'_>) -> async_graphql::Result<Points> {
        Ok(Points(self.terms(context).await?.threshold))
    }

    /// What it gives besides, in words for people or codes of the host.
    async fn privileges(&self, context: &Context<'_>) -> async_graphql::Result<Vec<String>> {
        Ok(self.terms(context).await?.privileges)
    }

    /// What awards by the multiplied rules of the wallet are multiplied by; 1: nothing comes on top.
    async fn multiplier(&self, context: &Context<'_>) -> async_graphql::Result<Decimal> {
        Ok(Decimal(self.terms(context).await?.multiplier))
    }
}

impl LevelStep {
    async fn terms(&self, context: &Context<'_>) -> async_graphql::Result<LevelTerms> {
        let key = LevelKey { wallet: self.wallet.clone(), code: self.code.clone() };
        let terms = context.data::<DataLoader<Reads>>()?.load_one(key).await?;
        Ok(terms.ok_or_else(|| Error::internal(&format!("no level {}", self.code)))?)
    }
}

/// A level's terms.
#[derive(Clone, Debug)]
pub struct LevelTerms {
    name: String,
    threshold: i64,
    privileges: Vec<String>,
    multiplier: Number,
}

/// A level's terms; of a wallet that shows another's level, those of that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LevelKey {
    pub wallet: String,
    pub code: String,
}

impl LevelTerms {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> (LevelKey, Self) {
        (
            LevelKey { wallet: row.get("wallet"), code: row.get("code") },
            LevelTerms {
                name: row.get("name"),
                threshold: row.get("threshold"),
                privileges: row.get("privileges"),
                multiplier: row.get("multiplier"),
            },
        )
    }
}

/// The level that a member has, and what is missing to keep it and to the next one.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Level {
    #[graphql(skip)]
    pub key: LevelStandingKey,
    #[graphql(flatten)]
    pub current: LevelStep,
}

#[ComplexObject]
impl Level {
    /// The level as the program has it: the same as code, name, threshold, privileges and multiplier here.
    async fn current(&self) -> LevelStep {
        self.current.clone()
    }

    /// The next higher level; null: this is the highest.
    async fn next(&self, context: &Context<'_>) -> async_graphql::Result<Option<LevelStep>> {
        let next = self.standing(context).await?.next;
        Ok(next.map(|code| LevelStep { wallet: self.current.wallet.clone(), code }))
    }

    /// Which points earned count.
    async fn measure(&self, context: &Context<'_>) -> async_graphql::Result<LevelMeasure> {
        Ok(self.standing(context).await?.measure)
    }

    /// Points earned that count in the present period.
    async fn measured(&self, context: &Context<'_>) -> async_graphql::Result<Points> {
        Ok(Points(self.standing(context).await?.measured))
    }

    /// Points missing to the next level, in the present period; null: this is the highest.
    async fn points_to_next(&self, context: &Context<'_>) -> async_graphql::Result<Option<Points>> {
        Ok(self.standing(context).await?.points_to_next.map(Points))
    }

    /// Points to earn so that the level does not end at validUntil; 0: it will not end with this period; null: it never ends.
    async fn points_to_keep(&self, context: &Context<'_>) -> async_graphql::Result<Option<Points>> {
        Ok(self.standing(context).await?.points_to_keep.map(Points))
    }

    /// When the level ends if nothing more is earned, days of grace included; null: never.
    async fn valid_until(&self, context: &Context<'_>) -> async_graphql::Result<Option<DateTime<Utc>>> {
        Ok(self.standing(context).await?.valid_until)
    }

    /// What to tell the member when the level ends within the notice days of the wallet; null: nothing.
    async fn warning(&self, context: &Context<'_>) -> async_graphql::Result<Option<LevelWarning>> {
        Ok(self.standing(context).await?.warning())
    }
}

impl Level {
    /// An account's level.
    pub fn new(bucket: i16, account_id: i64, wallet: &str, code: String) -> Self {
        Level { key: LevelStandingKey { bucket, account_id }, current: LevelStep { wallet: wallet.to_owned(), code } }
    }

    async fn standing(&self, context: &Context<'_>) -> async_graphql::Result<LevelStanding> {
        let standing = context.data::<DataLoader<Reads>>()?.load_one(self.key).await?;
        Ok(standing.ok_or_else(|| Error::internal(&"an account has no standing"))?)
    }
}

/// A level ends soon.
#[derive(SimpleObject)]
pub struct LevelWarning {
    /// Points to earn before earnBy, so that the level stays.
    points_to_keep: Points,
    /// Until when: the end of the period whose points decide.
    earn_by: DateTime<Utc>,
    /// When the level ends otherwise.
    ends_at: DateTime<Utc>,
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LevelStandingKey {
    pub bucket: i16,
    pub account_id: i64,
}

/// `api.account_level`.
#[derive(Clone, Debug)]
pub struct LevelStanding {
    next: Option<String>,
    measure: LevelMeasure,
    measured: i64,
    points_to_next: Option<i64>,
    points_to_keep: Option<i64>,
    valid_until: Option<DateTime<Utc>>,
    earn_by: Option<DateTime<Utc>>,
    ends_soon: bool,
}

impl LevelStanding {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        LevelStanding {
            next: row.get("next"),
            measure: row.get("measure"),
            measured: row.get("measured"),
            points_to_next: row.get("points_to_next"),
            points_to_keep: row.get("points_to_keep"),
            valid_until: row.get("valid_until"),
            earn_by: row.get("earn_by"),
            ends_soon: row.get("ends_soon"),
        }
    }

    fn warning(&self) -> Option<LevelWarning> {
        let (points, earn_by, ends_at) = (self.points_to_keep?, self.earn_by?, self.valid_until?);
        self.ends_soon.then_some(LevelWarning { points_to_keep: Points(points), earn_by, ends_at })
    }
}

/// A change of a member's level.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct LevelChange {
    #[graphql(skip)]
    bucket: i16,
    #[graphql(skip)]
    account_id: i64,
    #[graphql(skip)]
    pub cursor: LevelChangeCursor,
    #[graphql(skip)]
    operation_id: Option<uuid::Uuid>,
    /// Code of the level before, which there may be no more; null: below the lowest.
    from: Option<String>,
    /// Code of the level from then on; null: below the lowest.
    to: Option<String>,
    /// Why.
    cause: LevelCause,
    /// Which points earned counted.
    measure: LevelMeasure,
    /// How many of them there were in the period that was then.
    measured: Points,
    /// When it took effect: a level ends at its instant, however late that is booked.
    changed_at: DateTime<Utc>,
    /// When it was booked.
    recorded_at: DateTime<Utc>,
}

#[ComplexObject]
impl LevelChange {
    /// Its place in the history, for levelChanged(after:).
    async fn cursor(&self) -> String {
        self.cursor.to_string()
    }

    /// The operation that caused it; null: the end of a period did, or an operator.
    async fn operation(&self, context: &Context<'_>) -> async_graphql::Result<Option<Operation>> {
        let Some(id) = self.operation_id else { return Ok(None) };
        let key = OperationKey { bucket: self.bucket, account_id: self.account_id, id };
        Ok(context.data::<DataLoader<Reads>>()?.load_one(key).await?)
    }
}

impl LevelChange {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        LevelChange {
            bucket: row.get("bucket"),
            account_id: row.get("account_id"),
            cursor: LevelChangeCursor { seq: row.get("seq"), no: row.get("no") },
            operation_id: row.get("operation_id"),
            from: row.get("previous"),
            to: row.get("level"),
            cause: row.get("cause"),
            measure: row.get("measure"),
            measured: Points(row.get("measured")),
            changed_at: row.get("changed_at"),
            recorded_at: row.get("recorded_at"),
        }
    }
}

/// Where a page of changes begins: before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Hash)]
pub struct LevelChangeCursor {
    pub seq: i64,
    pub no: i16,
}

impl LevelChangeCursor {
    /// None: it is no cursor.
    pub fn parse(text: &str) -> Option<Self> {
        let (seq, no) = text.split_once('_')?;
        Some(LevelChangeCursor { seq: seq.parse().ok()?, no: no.parse().ok()? })
    }
}

impl std::fmt::Display for LevelChangeCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}_{}", self.seq, self.no)
    }
}

/// A page of the changes of an account's level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LevelChangesKey {
    pub bucket: i16,
    pub account_id: i64,
    pub first: i32,
    pub before: Option<LevelChangeCursor>,
}

/// Changes of an account's level after one, in order; null: the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewLevelChangesKey {
    pub bucket: i16,
    pub account_id: i64,
    pub after: Option<LevelChangeCursor>,
}

impl feed::Row for LevelChange {
    type Key = NewLevelChangesKey;
    type Place = LevelChangeCursor;

    fn page(account: &Account, after: Option<LevelChangeCursor>) -> NewLevelChangesKey {
        NewLevelChangesKey { bucket: account.bucket, account_id: account.id, after }
    }

    fn present(_: &Account) -> Option<LevelChangeCursor> {
        None
    }

    fn first() -> LevelChangeCursor {
        LevelChangeCursor { seq: 0, no: 0 }
    }

    fn place(&self) -> LevelChangeCursor {
        self.cursor
    }
}

/// Subscriptions to levels.
#[derive(Default)]
pub struct LevelSubscription;

#[Subscription]
impl LevelSubscription {
    /// Every change of a member's level, in order: the last one there was, or all after the one whose cursor is named,
    /// 0_0 for all; and then each as it is booked. To go on after a lost connection, name the cursor of the last one
    /// received. Needs the scope read or audit, or the member's own token. Errors: INVALID_INPUT.
    async fn level_changed(
        &self,
        context: &Context<'_>,
        user_id: ID,
        #[graphql(default = "points")] wallet: String,
        after: Option<ID>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<LevelChange>> + use<>> {
        reader(context, &user_id, &wallet)?;
        let key = AccountKey::new(user_id, wallet)?;
        let after = after
            .map(|after| LevelChangeCursor::parse(&after))
            .map(|cursor| cursor.ok_or_else(|| Error::invalid_input("after", "must be the cursor of a change, or 0_0")))
            .transpose()?;
        Ok(feed::rows::<LevelChange>(context.data::<Feed>()?, key, after).map(Ok))
    }
}
