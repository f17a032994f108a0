//! Streams of what is only ever added to an account: every row, in its order.

use std::{collections::VecDeque, hash::Hash, sync::Arc};

use async_graphql::dataloader::Loader;
use futures_util::{Stream, stream};
use tokio::time::sleep;
use tracing::warn;

use super::{Feed, Following, LOOK, PAUSE};
use crate::{
    account::{Account, AccountKey},
    error::Error,
    reads::Reads,
};

/// Rows of a page.
pub const PAGE: i32 = 100;

/// A row of which an account has any number.
pub trait Row: Clone + Send + Sync + 'static {
    /// A page of them after a place, by which it is read.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;
    /// Where a row stands in the order of the account's rows, which is also that in which they are committed.
    type Place: Clone + PartialOrd + Send;

    /// The [`PAGE`] after a place, in order; None: the last row.
    fn page(account: &Account, after: Option<Self::Place>) -> Self::Key;
    /// No row stands after this that is older than the account as it is; None: it does not tell.
    fn present(account: &Account) -> Option<Self::Place>;
    /// Before the first.
    fn first() -> Self::Place;
    /// Where it stands.
    fn place(&self) -> Self::Place;
}

struct Rows<R: Row> {
    following: Following,
    /// None: nothing was read yet; and then, whether there is one.
    account: Option<Option<Arc<Account>>>,
    after: Option<R::Place>,
    page: VecDeque<R>,
    /// There may be more after this page.
    more: bool,
    /// Up to here everything was read.
    complete: Option<R::Place>,
}

/// Rows of an account after a place, as they come; None: those that come from now on.
pub fn rows<R: Row>(feed: &Feed, key: AccountKey, after: Option<R::Place>) -> impl Stream<Item = R> + Send + use<R>
where
    Reads: Loader<R::Key, Value = Vec<R>, Error = Error>,
{
    let following = feed.follow(key);
    let rows = Rows { following, account: None, after, page: VecDeque::new(), more: false, complete: None };
    stream::unfold(rows, |mut rows| async move { Some((rows.next().await, rows)) })
}

impl<R: Row> Rows<R>
where
    Reads: Loader<R::Key, Value = Vec<R>, Error = Error>,
{
    async fn next(&mut self) -> R {
        loop {
            if let Some(row) = self.page.pop_front() {
                self.after = Some(row.place());
                return row;
            }
            if !self.more {
                self.look().await;
            }
            let Some(Some(account)) = &self.account else { continue };
            let present = R::present(account);
            if !self.more && present.is_some() && self.complete >= present {
                continue;
            }
            self.page = page(&self.following.feed, R::page(account, self.after.clone())).await.into();
            self.more = self.page.len() >= PAGE as usize;
            if self.page.is_empty() {
                // There is no last one, so all that come are new.
                self.after = self.after.take().or_else(|| Some(R::first()));
            }
            if !self.more {
                self.complete = present;
            }
        }
    }

    /// Waits until the account may have other rows.
    async fn look(&mut self) {
        let seen = self.following.next().await.account;
        let old = self.account.replace(seen.clone());
        match (old, seen) {
            // Nothing is there, not even what was told of an account that the member had before being erased.
            (None, None) => self.after = Some(R::first()),
            (None, Some(account)) => self.after = self.after.take().or_else(|| R::present(&account)),
            (Some(Some(old)), Some(account)) if account.id == old.id => {}
            (Some(Some(_)), _) => (self.after, self.complete) = (Some(R::first()), None),
            (Some(None), _) => {}
        }
    }
}

/// A page, however long it takes.
async fn page<R: Row>(feed: &Feed, key: R::Key) -> Vec<R>
where
    Reads: Loader<R::Key, Value = Vec<R>, Error = Error>,
{
    loop {
        match feed.0.reads.load_one(key.clone()).await {
            Ok(rows) => return rows.unwrap_or_default(),
            Err(error) => {
                warn!("cannot read what was added to an account, and goes on trying: {}", error.message);
                sleep(if error.retryable { PAUSE } else { LOOK }).await;
            }
        }
    }
}
