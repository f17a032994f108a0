//! Accounts: what a member has, and where it came from.

use async_graphql::{
    ComplexObject, Context, ID, Object, SimpleObject, Subscription,
    connection::{Connection, Edge},
    dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use postgres_types::FromSql;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use crate::{
    access::reader,
    error::Error,
    expiry::{ExpiringPoints, Notice, NoticeCursor, NoticesKey, expiring_points},
    feed::{self, Feed},
    hold::{Hold, HoldCursor, HoldsKey},
    ledger::check_text,
    level::{Level, LevelChange, LevelChangeCursor, LevelChangesKey},
    limit::{LimitUse, LimitUsesKey},
    operation::{Entry, Operation, OperationKey},
    reads::{AccountReads, Reads},
    redemption::{Redemption, RedemptionCursor, RedemptionsKey},
    scalars::Points,
};

/// Rows of a page at most.
const MAX_PAGE: i32 = 100;
const DEFAULT_PAGE: i32 = 20;

/// The bucket of an account, as `points.bucket` computes it.
pub fn bucket(user_id: &str, wallet: &str, buckets: usize) -> usize {
    let hash = Sha256::digest(format!("{user_id}\n{wallet}").as_bytes());
    (usize::from(hash[0]) << 16 | usize::from(hash[1]) << 8 | usize::from(hash[2])) % buckets
}

/// A member's points in one wallet, as they stand.
#[derive(Clone, Debug, PartialEq, FromSql, SimpleObject)]
#[postgres(name = "account")]
#[graphql(complex)]
pub struct Account {
    #[graphql(skip)]
    pub bucket: i16,
    #[graphql(skip)]
    pub id: i64,
    /// The host's name for the member.
    #[graphql(skip)]
    pub user_id: String,
    /// Kind of points.
    pub wallet: String,
    #[graphql(skip)]
    pub pending: i64,
    #[graphql(skip)]
    pub available: i64,
    #[graphql(skip)]
    pub held: i64,
    #[graphql(skip)]
    pub debt: i64,
    #[graphql(skip)]
    pub earned: i64,
    #[graphql(skip)]
    pub spent: i64,
    #[graphql(skip)]
    pub expired: i64,
    #[graphql(skip)]
    pub adjusted: i64,
    #[graphql(skip)]
    pub transferred: i64,
    #[graphql(skip)]
    pub version: i64,
    #[graphql(skip)]
    pub level: Option<String>,
    /// Whether spending is refused.
    pub frozen: bool,
    /// When the first operation made it.
    pub created_at: DateTime<Utc>,
    #[graphql(skip)]
    pub merged_into: Option<String>,
}

#[ComplexObject]
impl Account {
    /// The host's name for the member.
    async fn user_id(&self) -> ID {
        ID::from(&self.user_id)
    }

    /// The member whose account this one was merged into; null: it was not.
    async fn merged_into(&self) -> Option<ID> {
        self.merged_into.as_ref().map(ID::from)
    }

    /// The balance at the instant of the answer: what has become available or expired counts at once.
    async fn balance(&self) -> Balance {
        Balance::from(self)
    }

    /// seq of the last entry, 0 before the first: rises by one with every entry. What changes without one leaves it as it
    /// is: the account is frozen, unfrozen or merged, or points become available or expire and are not booked yet.
    async fn version(&self) -> Points {
        Points(self.version)
    }

    /// The level at the instant of the answer, of this wallet or of the one whose level it shows; null: below the lowest, or
    /// there are no levels.
    async fn level(&self) -> Option<Level> {
        Some(Level::new(self.bucket, self.id, &self.wallet, self.level.clone()?))
    }

    /// Changes of the level that this wallet itself has, newest first. At most 100 a page, 20 unless asked. INVALID_INPUT:
    /// first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn level_history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, LevelChange>> {
        let first = page_size(first)?;
        let before = after.map(|cursor| LevelChangeCursor::parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let key = LevelChangesKey { bucket: self.bucket, account_id: self.id, first, before };
        let changes = context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default();
        Ok(connection(changes, first, before.is_some(), |change| change.cursor.to_string()))
    }

    /// Lots of points that are available or will be, in the order in which they are spent: soonest expiry first, never
    /// last, then the oldest. At most 100 a page, 20 unless asked. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn lots(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Lot>> {
        lots(context, (self.bucket, self.id), None, first, after).await
    }

    /// Points that expire within so many days, 0 to 3,650, by the program's time zone: true at the instant of the answer.
    /// INVALID_INPUT: withinDays is out of range.
    async fn expiring_points(
        &self,
        context: &Context<'_>,
        #[graphql(default = 30)] within_days: i32,
    ) -> async_graphql::Result<ExpiringPoints> {
        expiring_points(context, self.bucket, self.id, within_days).await
    }

    /// What the member is to be told, each once: points that expire soon. The latest expiry first. At most 100 a page, 20
    /// unless asked. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn notices(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Notice>> {
        let first = page_size(first)?;
        let before = after.map(|cursor| NoticeCursor::parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let key = NoticesKey { bucket: self.bucket, account_id: self.id, first, before };
        let notices = context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default();
        Ok(connection(notices, first, before.is_some(), |notice| NoticeCursor::of(notice).to_string()))
    }

    /// Holds that are open, soonest deadline first. At most 100 a page, 20 unless asked. INVALID_INPUT: first or after is
    /// out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn holds(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Hold>> {
        let first = page_size(first)?;
        let after = after.map(|cursor| HoldCursor::parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let key = HoldsKey { bucket: self.bucket, account_id: self.id, first, after };
        let holds = context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default();
        Ok(connection(holds, first, key.after.is_some(), |hold| HoldCursor::of(hold).to_string()))
    }

    /// What the member has used of each limit on earning in the period that is now; the first 100 by code.
    async fn limits(&self, context: &Context<'_>) -> async_graphql::Result<Vec<LimitUse>> {
        let key = LimitUsesKey { bucket: self.bucket, account_id: self.id };
        Ok(context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default())
    }

    /// Rewards redeemed, newest first. At most 100 a page, 20 unless asked. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn redemptions(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Redemption>> {
        let first = page_size(first)?;
        let before = after.map(|cursor| RedemptionCursor::parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let key = RedemptionsKey { bucket: self.bucket, account_id: self.id, first, before };
        let redemptions = context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default();
        Ok(connection(redemptions, first, before.is_some(), |redemption| RedemptionCursor::of(redemption).to_string()))
    }

    /// Entries, newest first. At most 100 a page, 20 unless asked. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn entries(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Entry>> {
        let first = page_size(first)?;
        let before = after.map(|cursor| cursor.parse().map_err(|_| bad_cursor())).transpose()?;
        let key = EntriesKey { bucket: self.bucket, account_id: self.id, first, before };
        let entries = context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default();
        Ok(connection(entries, first, before.is_some(), |entry| entry.seq.to_string()))
    }
}

/// A page of the lots of an account that expire until an instant; None: of all.
pub async fn lots(
    context: &Context<'_>,
    (bucket, account_id): (i16, i64),
    until: Option<DateTime<Utc>>,
    first: Option<i32>,
    after: Option<String>,
) -> async_graphql::Result<Connection<String, Lot>> {
    let first = page_size(first)?;
    let after = after.map(|cursor| LotCursor::parse(&cursor)).transpose()?;
    let key = LotsKey { bucket, account_id, first, after, until };
    let lots = context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default();
    Ok(connection(lots, first, key.after.is_some(), |lot| LotCursor::of(lot).to_string()))
}

/// Points by where they are, and their flows since the account began.
#[derive(SimpleObject)]
pub struct Balance {
    /// Granted and not yet available.
    pub pending: Points,
    /// Can be spent now.
    pub available: Points,
    /// Reserved by holds.
    pub held: Points,
    /// Owed: clawed back after it had been spent. Whatever comes in repays it first, so available is 0 meanwhile.
    pub debt: Points,
    /// Earned ever, less what was clawed back; decides the level where all that was earned ever counts.
    pub earned: Points,
    /// Spent ever, less what was refunded.
    pub spent: Points,
    /// Expired ever.
    pub expired: Points,
    /// Net of manual adjustments ever, and debts forgiven.
    pub adjusted: Points,
    /// Received from other members ever, less what was sent.
    /// pending + available + held - debt = earned + adjusted + transferred - spent - expired.
    pub transferred: Points,
}

impl From<&Account> for Balance {
    fn from(account: &Account) -> Self {
        Balance {
            pending: Points(account.pending),
            available: Points(account.available),
            held: Points(account.held),
            debt: Points(account.debt),
            earned: Points(account.earned),
            spent: Points(account.spent),
            expired: Points(account.expired),
            adjusted: Points(account.adjusted),
            transferred: Points(account.transferred),
        }
    }
}

/// Points granted together and not yet used up.
#[derive(Clone, Debug, SimpleObject)]
pub struct Lot {
    #[graphql(skip)]
    seq: i64,
    #[graphql(skip)]
    no: i16,
    /// Points granted.
    granted: Points,
    /// Points left.
    remaining: Points,
    /// True: not yet available.
    pending: bool,
    /// Rule that granted it, or adjust.
    source: String,
    /// When the points become available.
    available_at: DateTime<Utc>,
    /// When the points expire; null: never.
    expires_at: Option<DateTime<Utc>>,
    /// Whether activity of the member before expiresAt (activityKinds) puts that off.
    idle: bool,
}

impl Lot {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        Lot {
            seq: row.get("seq"),
            no: row.get("no"),
            granted: Points(row.get("granted")),
            remaining: Points(row.get("remaining")),
            pending: row.get("pending"),
            source: row.get("source"),
            available_at: row.get("available_at"),
            expires_at: row.get("expires_at"),
            idle: row.get("idle"),
        }
    }
}

/// Where a page of lots begins: after this place in the burn order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LotCursor {
    /// None: never.
    pub expires_at: Option<DateTime<Utc>>,
    pub seq: i64,
    pub no: i16,
}

impl LotCursor {
    fn of(lot: &Lot) -> Self {
        LotCursor { expires_at: lot.expires_at, seq: lot.seq, no: lot.no }
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let mut parts = text.split('_');
        let cursor = (|| {
            let expires_at = match parts.next()? {
                "never" => None,
                // No lot expires before 1970, and PostgreSQL's instants don't reach as far back as chrono's.
                micros => Some(DateTime::from_timestamp_micros(micros.parse().ok().filter(|micros| *micros >= 0)?)?),
            };
            let (seq, no) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            parts.next().is_none().then_some(LotCursor { expires_at, seq, no })
        })();
        cursor.ok_or_else(bad_cursor)
    }
}

impl std::fmt::Display for LotCursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.expires_at {
            Some(instant) => write!(formatter, "{}", instant.timestamp_micros())?,
            None => write!(formatter, "never")?,
        }
        write!(formatter, "_{}_{}", self.seq, self.no)
    }
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountKey {
    pub user_id: String,
    pub wallet: String,
}

impl AccountKey {
    // What PostgreSQL can't receive would fail all that is read by the same statement.
    pub fn new(user_id: ID, wallet: String) -> Result<Self, Error> {
        check_text("userId", &user_id)?;
        check_text("wallet", &wallet)?;
        // Subscriptions keep it.
        for (path, text) in [("userId", user_id.as_str()), ("wallet", &wallet)] {
            if text.chars().count() > 64 {
                return Err(Error::invalid_input(path, "must have 1 to 64 characters"));
            }
        }
        Ok(AccountKey { user_id: user_id.0, wallet })
    }
}

/// A page of an account's lots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LotsKey {
    pub bucket: i16,
    pub account_id: i64,
    pub first: i32,
    pub after: Option<LotCursor>,
    /// None: all.
    pub until: Option<DateTime<Utc>>,
}

/// A page of an account's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntriesKey {
    pub bucket: i16,
    pub account_id: i64,
    pub first: i32,
    pub before: Option<i64>,
}

/// Queries about accounts.
#[derive(Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// A member's account; null: no operation has made it yet. Needs the scope read or audit, or the member's own
    /// token.
    async fn account(
        &self,
        context: &Context<'_>,
        user_id: ID,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<Account>> {
        reader(context, &user_id, &wallet)?;
        let key = AccountKey::new(user_id, wallet)?;
        Ok(context.data::<AccountReads>()?.load(key).await?)
    }

    /// What the caller's own client asked for under this key and what came of it; null: nothing yet. Needs the scope
    /// read or audit, or the member's own token.
    async fn operation(
        &self,
        context: &Context<'_>,
        user_id: ID,
        idempotency_key: String,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<Operation>> {
        let client = reader(context, &user_id, &wallet)?;
        let reads = context.data::<DataLoader<Reads>>()?;
        let key = AccountKey::new(user_id, wallet)?;
        let Some(account) = context.data::<AccountReads>()?.load(key).await? else { return Ok(None) };
        let id = Operation::id_of(client.id, &idempotency_key);
        Ok(reads.load_one(OperationKey { bucket: account.bucket, account_id: account.id, id }).await?)
    }
}

/// Subscriptions to accounts.
#[derive(Default)]
pub struct AccountSubscription;

#[Subscription]
impl AccountSubscription {
    /// A member's account: first as it stands, and then each time that it has become another, by whatever cause, points
    /// becoming available or expiring included. Several changes may come as one; versions never fall, and the last
    /// state always comes. Null: there is no account yet, or no longer. Needs the scope read or audit, or the member's
    /// own token. Errors: INVALID_INPUT.
    ///
    /// /// To go on after a lost connection, name the version of the last account received: if it is still the present
    /// state, it does not come again.
    async fn balance_changed(
        &self,
        context: &Context<'_>,
        user_id: ID,
        #[graphql(default = "points")] wallet: String,
        after_version: Option<Points>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Account>>> + use<>> {
        reader(context, &user_id, &wallet)?;
        let following = context.data::<Feed>()?.follow(AccountKey::new(user_id, wallet)?);
        Ok(feed::balances(following, after_version.map(|version| version.0)).map(Ok))
    }
}

pub fn page_size(first: Option<i32>) -> Result<i32, Error> {
    match first.unwrap_or(DEFAULT_PAGE) {
        first @ 0..=MAX_PAGE => Ok(first),
        _ => Err(Error::invalid_input("first", "must be from 0 to 100")),
    }
}

pub fn page_complexity(first: Option<i32>, child_complexity: usize) -> usize {
    first.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE) as usize * child_complexity
}

pub fn bad_cursor() -> Error {
    Error::invalid_input("after", "is not a cursor of this list")
}

/// A page of a list of which one row more than asked was read.
pub fn connection<T: async_graphql::OutputType>(
    mut rows: Vec<T>,
    first: i32,
    has_previous_page: bool,
    cursor: impl Fn(&T) -> String,
) -> Connection<String, T> {
    let has_next_page = rows.len() > first as usize;
    rows.truncate(first as usize);
    let mut connection = Connection::new(has_previous_page, has_next_page);
    connection.edges.extend(rows.into_iter().map(|row| Edge::new(cursor(&row), row)));
    connection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_cursor_reads_back_as_it_was_written() {
        for expires_at in [None, DateTime::from_timestamp_micros(1_700_000_000_123_456)] {
            let cursor = LotCursor { expires_at, seq: 7, no: 0 };
            assert_eq!(LotCursor::parse(&cursor.to_string()).ok(), Some(cursor));
        }
        for bad in ["", "never", "never_1", "never_1_x", "yesterday_1_0", "-1_1_0", "never_1_0_0"] {
            assert!(LotCursor::parse(bad).is_err(), "{bad}");
        }
    }
}
