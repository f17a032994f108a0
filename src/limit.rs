//! Limits on what a member may earn in a period.

use async_graphql::{
    ComplexObject, Context, Enum, InputObject, Object, SimpleObject, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::{FromSql, ToSql};

use crate::{
    access::caller,
    account::{connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    ledger::check_text,
    reads::Reads,
    reward::QuotaPeriod,
    scalars::Points,
};

/// What becomes of an award that would pass maxPoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "limit_excess", rename_all = "snake_case")]
pub enum LimitExcess {
    /// It is cut to what is left, even to nothing.
    Cut,
    /// It is refused with LIMIT_REACHED.
    Refuse,
}

/// Whose awards a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "limit_subject", rename_all = "snake_case")]
pub enum LimitSubject {
    /// Those of a member.
    Member,
    /// Those from a network address, whoever gets them.
    Address,
    /// Those from a device, whoever gets them.
    Device,
}

/// How much a member may earn, or how many awards an address or a device may get, in a period, by a rule or a group of rules.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "earn_limit")]
#[graphql(complex)]
pub struct EarnLimit {
    /// Stable name, e.g. SHARE_DAILY.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Rules that it counts, all together.
    pub rules: Vec<String>,
    /// Period that it counts in, by the program's time zone: the one in which the event happened.
    pub period: QuotaPeriod,
    /// Awards of a member, address or device in a period; null: any number.
    pub max_times: Option<i32>,
    #[graphql(skip)]
    pub max_points: Option<i64>,
    /// What becomes of an award that would pass maxPoints. One beyond maxTimes is always refused.
    pub excess: LimitExcess,
    /// Whether what is taken back, by a return or reversal, may be earned again.
    pub gives_back: bool,
    /// Whose awards it counts together. ADDRESS and DEVICE count times only, and for good; what is not said to come from
    /// one is not counted.
    pub per: LimitSubject,
    /// Whether it counts.
    pub active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[ComplexObject]
impl EarnLimit {
    /// Points of a member in a period, bonuses of campaigns included; null: any.
    async fn max_points(&self) -> Option<Points> {
        self.max_points.map(Points)
    }
}

/// What an account has used of a limit in the period that is now.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "limit_use")]
#[graphql(complex)]
pub struct LimitUse {
    #[graphql(skip)]
    pub bucket: i16,
    #[graphql(skip)]
    pub account_id: i64,
    #[graphql(skip)]
    pub user_id: Option<String>,
    #[graphql(skip)]
    pub wallet: String,
    /// The limit.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Period that it counts in, by the program's time zone.
    pub period: QuotaPeriod,
    /// Awards in a period; null: any number.
    pub max_times: Option<i32>,
    #[graphql(skip)]
    pub max_points: Option<i64>,
    /// Awards in this period.
    pub times: i32,
    #[graphql(skip)]
    pub points: i64,
    /// When this period began; null: the limit is for ever.
    pub starts_at: Option<DateTime<Utc>>,
    /// When the next period begins; null: never.
    pub resets_at: Option<DateTime<Utc>>,
}

#[ComplexObject]
impl LimitUse {
    /// Points in a period; null: any.
    async fn max_points(&self) -> Option<Points> {
        self.max_points.map(Points)
    }

    /// Points in this period.
    async fn points(&self) -> Points {
        Points(self.points)
    }
}

/// What an account has used of each limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitUsesKey {
    pub bucket: i16,
    pub account_id: i64,
}

/// Queries about limits.
#[derive(Default)]
pub struct LimitQuery;

#[Object]
impl LimitQuery {
    /// All limits on earning, by code. At most 100 a page, 20 unless asked. Needs the scope read or audit.
    /// INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn earn_limits(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, EarnLimit>> {
        caller(context)?;
        let first = page_size(first)?;
        check_text("after", after.as_deref().unwrap_or_default())?;
        let limits = context.data::<DataLoader<Reads>>()?.loader().list(EARN_LIMITS, &[&(first + 1), &after]).await?;
        Ok(connection(limits, first, after.is_some(), |limit| limit.code.clone()))
    }
}

/// A new limit.
#[derive(InputObject)]
pub struct CreateLimitInput {
    /// Stable name: 1 to 32 capital letters, digits and _.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Rules that it counts, all together, 1 to 100.
    pub rules: Vec<String>,
    /// Period that it counts in, by the program's time zone; it never changes.
    pub period: QuotaPeriod,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Awards of a member, address or device in a period, from 1; null: any number.
    pub max_times: Option<i32>,
    /// Points of a member in a period, from 1; null: any. One of the two must be given; this one is for MEMBER.
    pub max_points: Option<Points>,
    /// What becomes of an award that would pass maxPoints.
    #[graphql(default_with = "LimitExcess::Refuse")]
    pub excess: LimitExcess,
    /// Whether what is taken back may be earned again; null: for MEMBER it may, and for the others it never may.
    pub gives_back: Option<bool>,
    /// Whose awards it counts together; it never changes.
    #[graphql(default_with = "LimitSubject::Member")]
    pub per: LimitSubject,
}

/// The terms of a limit: all of them, what is left out is none.
#[derive(InputObject)]
pub struct ChangeLimitInput {
    /// The limit.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Rules that it counts, all together, 1 to 100.
    pub rules: Vec<String>,
    /// Whether it counts.
    pub active: bool,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Awards of a member, address or device in a period, from 1; null: any number.
    pub max_times: Option<i32>,
    /// Points of a member in a period, from 1; null: any. One of the two must be given; this one is for MEMBER.
    pub max_points: Option<Points>,
    /// What becomes of an award that would pass maxPoints.
    #[graphql(default_with = "LimitExcess::Refuse")]
    pub excess: LimitExcess,
    /// Whether what is taken back may be earned again; null: for MEMBER it may, and for the others it never may.
    pub gives_back: Option<bool>,
}

/// A change of a limit.
#[derive(SimpleObject)]
pub struct LimitPayload {
    /// The limit as it stands now.
    limit: EarnLimit,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of limits.
#[derive(Default)]
pub struct LimitMutation;

#[Object]
impl LimitMutation {
    /// Limits what a member may earn, or how many awards an address or a device may get, by some rules together in a period, from the next award on. Needs the scope rules.
    /// Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn create_limit(
        &self,
        context: &Context<'_>,
        input: CreateLimitInput,
    ) -> async_graphql::Result<LimitPayload> {
        check_terms(&[("code", &input.code), ("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        for rule in &input.rules {
            check_terms(&[("rules", rule)], &[])?;
        }
        change_limit(
            context,
            "select r.replayed, r.earn_limit from api.create_limit(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.rules,
                &input.period,
                &input.idempotency_key,
                &input.max_times,
                &input.max_points.map(|points| points.0),
                &input.excess,
                &input.gives_back,
                &input.per,
            ],
        )
        .await
    }

    /// Gives a limit these terms from the next award on. What has been earned counts on. Needs the scope rules. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn change_limit(
        &self,
        context: &Context<'_>,
        input: ChangeLimitInput,
    ) -> async_graphql::Result<LimitPayload> {
        check_terms(&[("code", &input.code), ("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        for rule in &input.rules {
            check_terms(&[("rules", rule)], &[])?;
        }
        change_limit(
            context,
            "select r.replayed, r.earn_limit from api.change_limit(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.rules,
                &input.active,
                &input.idempotency_key,
                &input.max_times,
                &input.max_points.map(|points| points.0),
                &input.excess,
                &input.gives_back,
            ],
        )
        .await
    }
}

async fn change_limit(
    context: &Context<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> async_graphql::Result<LimitPayload> {
    let row = change(context, sql, parameters).await?;
    Ok(LimitPayload { limit: row.get("earn_limit"), replayed: row.get("replayed") })
}

const EARN_LIMITS: &str =
    "select l from api.earn_limit l where l.code > coalesce($2, '') order by l.code limit $1::int";
