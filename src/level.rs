//! Changes of members' levels.

use async_graphql::{ComplexObject, Context, ID, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use postgres_types::FromSql;

use crate::{
    account::{Account, AccountKey, Level},
    client::caller,
    feed::{self, Feed},
    operation::parse_seq,
    scalars::Points,
};

/// An account has come to another level.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "level_change")]
#[graphql(complex)]
pub struct LevelChange {
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
    pub previous: Option<String>,
    #[graphql(skip)]
    pub level: Option<String>,
    /// When it was booked.
    pub recorded_at: DateTime<Utc>,
}

#[ComplexObject]
impl LevelChange {
    /// seq of the entry that caused it.
    async fn seq(&self) -> Points {
        Points(self.seq)
    }

    /// The level before; null: below the lowest.
    async fn previous(&self) -> Option<Level> {
        self.level_of(&self.previous)
    }

    /// The level from then on; null: below the lowest.
    async fn level(&self) -> Option<Level> {
        self.level_of(&self.level)
    }
}

impl LevelChange {
    fn level_of(&self, code: &Option<String>) -> Option<Level> {
        code.clone().map(|code| Level { wallet: self.wallet.clone(), code })
    }
}

/// Changes of an account's level after an entry, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LevelChangesKey {
    pub bucket: i16,
    pub account_id: i64,
    pub after: i64,
}

impl feed::Row for LevelChange {
    type Key = LevelChangesKey;
    type Place = i64;

    fn page(account: &Account, after: Option<i64>) -> LevelChangesKey {
        LevelChangesKey { bucket: account.bucket, account_id: account.id, after: after.unwrap_or_default() }
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

/// Subscriptions to levels.
#[derive(Default)]
pub struct LevelSubscription;

#[Subscription]
impl LevelSubscription {
    /// Every change of a member's level, in order: those after the entry named by its seq, 0 for all, and then each as it
    /// happens; null: from now on. To go on after a lost connection, name the seq of the last one received. Needs the
    /// scope read. Errors: INVALID_INPUT.
    async fn level_changed(
        &self,
        context: &Context<'_>,
        user_id: ID,
        #[graphql(default = "points")] wallet: String,
        after: Option<ID>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<LevelChange>> + use<>> {
        caller(context)?.require("read")?;
        let (key, after) = (AccountKey::new(user_id, wallet)?, parse_seq(after)?);
        Ok(feed::rows::<LevelChange>(context.data::<Feed>()?, key, after).map(Ok))
    }
}
