//! Awards that wait for a person.

use std::sync::Arc;

use async_graphql::{
    Context, Enum, ID, InputObject, Object, Subscription, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use postgres_types::{FromSql, ToSql};
use uuid::Uuid;

use crate::{
    access::caller,
    account::{bad_cursor, connection, page_complexity, page_size},
    feed::{Feed, Shared},
    hold::parse_id,
    ledger::{Request, execute, payload},
    operation::OperationKind,
    reads::Reads,
    scalars::Points,
};

/// What has become of an award in review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReviewStatus {
    /// It can be approved or rejected.
    Waiting,
    /// Its points were let go.
    Approved,
    /// Its points were taken back, or the award was undone otherwise.
    Rejected,
    /// Nobody decided in time.
    Expired,
}

/// An award that waits, or waited, for a person.
#[derive(Clone, Debug, PartialEq, FromSql)]
#[postgres(name = "review")]
pub struct Review {
    pub bucket: i16,
    pub account_id: i64,
    pub operation_id: Uuid,
    pub user_id: Option<String>,
    pub wallet: String,
    pub points: i64,
    pub asked_at: DateTime<Utc>,
    pub deadline: Option<DateTime<Utc>>,
    pub available_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<Uuid>,
    pub waiting: bool,
    pub status: String,
    pub asker: Option<String>,
    pub reasons: Vec<String>,
}

/// An award that waits, or waited, for a person.
#[Object]
impl Review {
    /// id of the operation that awards.
    async fn operation_id(&self) -> ID {
        ID(self.operation_id.to_string())
    }

    /// The host's name for the member; null: erased.
    async fn user_id(&self) -> Option<ID> {
        self.user_id.as_ref().map(ID::from)
    }

    /// Kind of points.
    async fn wallet(&self) -> &str {
        &self.wallet
    }

    /// Points awarded; what was returned of the award meanwhile is less.
    async fn points(&self) -> Points {
        Points(self.points)
    }

    /// When it was booked.
    async fn asked_at(&self) -> DateTime<Utc> {
        self.asked_at
    }

    /// When it expires by itself; null: never.
    async fn deadline(&self) -> Option<DateTime<Utc>> {
        self.deadline
    }

    /// When its points become available once it is approved.
    async fn available_at(&self) -> DateTime<Utc> {
        self.available_at
    }

    /// When its points expire once it is approved; null: never.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// When it was decided on, undone, or expired; null: it waits.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.closed_at
    }

    /// What has become of it.
    async fn status(&self) -> ReviewStatus {
        match self.status.as_str() {
            "waiting" => ReviewStatus::Waiting,
            "approved" => ReviewStatus::Approved,
            "rejected" => ReviewStatus::Rejected,
            _ => ReviewStatus::Expired,
        }
    }

    /// Who asked for the award; somebody else must decide. Null: nobody was named.
    async fn asker(&self) -> Option<&str> {
        self.asker.as_deref()
    }

    /// Risk rules that want it reviewed.
    async fn reasons(&self) -> &[String] {
        &self.reasons
    }
}

/// The place of a review in the queue.
#[derive(Clone, Copy)]
struct ReviewCursor {
    asked_at: DateTime<Utc>,
    account_id: i64,
    operation_id: Uuid,
}

impl ReviewCursor {
    fn of(review: &Review) -> String {
        let micros = review.asked_at.timestamp_micros();
        format!("{micros}_{}_{}", review.account_id, review.operation_id.simple())
    }

    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.splitn(3, '_');
        let micros = parts.next()?.parse().ok().filter(|micros: &i64| *micros >= 0)?;
        Some(ReviewCursor {
            asked_at: DateTime::from_timestamp_micros(micros)?,
            account_id: parts.next()?.parse().ok()?,
            operation_id: parts.next()?.parse().ok()?,
        })
    }
}

/// Queries about reviews.
#[derive(Default)]
pub struct ReviewQuery;

#[Object]
impl ReviewQuery {
    /// Awards that wait for a person, of all members, in the wallets of the caller's key, oldest first. At most 100 a page, 20
    /// unless asked. Needs the scope adjust or audit. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn reviews(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Review>> {
        let wallets = &caller(context)?.wallets;
        let first = page_size(first)?;
        let after = after.map(|cursor| ReviewCursor::parse(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let from =
            after.unwrap_or(ReviewCursor { asked_at: DateTime::UNIX_EPOCH, account_id: 0, operation_id: Uuid::nil() });
        let place: [&(dyn ToSql + Sync); 5] =
            [&(first + 1), &from.asked_at, &from.account_id, &from.operation_id, wallets];
        let reviews = context.data::<DataLoader<Reads>>()?.loader().list(REVIEWS, &place).await?;
        Ok(connection(reviews, first, after.is_some(), ReviewCursor::of))
    }
}

/// An award to decide on.
#[derive(InputObject)]
pub struct DecideAwardInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// id of the operation that awards.
    pub operation_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The person who decides, 1 to 128 characters; on a review, another than the actor of the award.
    pub actor: String,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
}

impl DecideAwardInput {
    pub fn into_request(self, kind: OperationKind, client_id: i32) -> async_graphql::Result<Request> {
        Ok(Request {
            wallet: self.wallet,
            original: Some(parse_id("operationId", &self.operation_id).map_err(|error| error.within(&["input"]))?),
            reason: Some(self.reason),
            actor: Some(self.actor),
            ..Request::new(kind, client_id, self.user_id.0, self.idempotency_key)
        })
    }
}

payload!(
    /// An award approved or rejected.
    DecideAwardPayload
);

/// Mutations of reviews.
#[derive(Default)]
pub struct ReviewMutation;

#[Object]
impl ReviewMutation {
    /// Lets an award go that waits for review: its points become available, at once or when their pending days are over.
    /// Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, REVIEW_CLOSED,
    /// SECOND_PERSON_NEEDED, ACCOUNT_MERGED.
    async fn approve_award(
        &self,
        context: &Context<'_>,
        input: DecideAwardInput,
    ) -> async_graphql::Result<DecideAwardPayload> {
        let request = input.into_request(OperationKind::Approve, caller(context)?.id)?;
        execute(context, request).await
    }

    /// Takes an award back that waits for review. Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, REVIEW_CLOSED, SECOND_PERSON_NEEDED, ACCOUNT_MERGED.
    async fn reject_award(
        &self,
        context: &Context<'_>,
        input: DecideAwardInput,
    ) -> async_graphql::Result<DecideAwardPayload> {
        let request = input.into_request(OperationKind::Reject, caller(context)?.id)?;
        execute(context, request).await
    }
}

/// What subscribers see of the queue, by how many reviews they want to see, and of which wallets; None: of all.
pub type ReviewQueues = Arc<Shared<(i32, Option<Vec<String>>), Vec<Review>>>;

/// Reads them when something has changed.
pub fn review_queues(feed: &Feed) -> ReviewQueues {
    Shared::new(feed, |reads, (first, wallets)| {
        Box::pin(async move {
            let rows = reads.query(QUEUE, &[first, wallets]).await?;
            let next = rows.iter().filter_map(|row| row.get::<_, Option<f64>>("closes_in")).min_by(f64::total_cmp);
            Ok((rows.iter().map(|row| row.get("review")).collect(), next))
        })
    })
}

/// Subscriptions to reviews.
#[derive(Default)]
pub struct ReviewSubscription;

#[Subscription]
impl ReviewSubscription {
    /// The awards that wait for a person, of all members, in the wallets of the caller's key, oldest first, at most 100, 20
    /// unless asked: as they are, and then each time that they change. Several changes may come as one. Needs the scope adjust or audit.
    /// INVALID_INPUT: first is out of range.
    async fn review_queue(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Vec<Review>>> + use<>> {
        let wallets = caller(context)?.wallets.clone();
        Ok(context.data::<ReviewQueues>()?.follow((page_size(first)?, wallets)).map(Ok))
    }
}

const QUEUE: &str = "
    select r as review, extract(epoch from r.deadline - now())::float8 as closes_in
    from api.review r
    where r.waiting and ($2::text[] is null or r.wallet = any ($2))
    order by r.asked_at, r.account_id, r.operation_id
    limit $1::int";

const REVIEWS: &str = "
    select r from api.review r
    where r.waiting and (r.asked_at, r.account_id, r.operation_id) > ($2, $3, $4)
        and ($5::text[] is null or r.wallet = any ($5))
    order by r.asked_at, r.account_id, r.operation_id
    limit $1::int";
