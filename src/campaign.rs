//! Campaigns: points on top of what rules award, for a while.

use std::sync::Arc;

use async_graphql::{
    Context, Enum, InputObject, Object, SimpleObject, Subscription, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use postgres_types::{FromSql, ToSql};
use rust_decimal::Decimal as Number;

use crate::{
    access::{caller, host},
    account::{connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    feed::{Feed, Shared},
    ledger::check_text,
    reads::Reads,
    scalars::{Decimal, Points},
};

/// What a campaign adds to an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "campaign_basis", rename_all = "snake_case")]
pub enum CampaignBasis {
    /// floor(award of the rule * (multiplier - 1)).
    Multiplier,
    /// Fixed points, where the rule awards any.
    Bonus,
}

/// What an operator has said of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "campaign_status", rename_all = "snake_case")]
pub enum CampaignStatus {
    /// It adds points in its time.
    Active,
    /// It adds none, until it is active again.
    Paused,
    /// It adds none any more, for good.
    Ended,
}

/// Points on top of what rules award, for a while.
#[derive(Clone, Debug, PartialEq, FromSql, SimpleObject)]
#[postgres(name = "campaign")]
#[graphql(complex)]
pub struct Campaign {
    /// Stable name, e.g. SPRING.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// What it adds.
    pub basis: CampaignBasis,
    #[graphql(skip)]
    pub multiplier: Option<Number>,
    #[graphql(skip)]
    pub bonus: Option<i64>,
    /// Rules whose awards it adds to.
    pub rules: Vec<String>,
    /// Levels of members that it is for; null: all.
    pub levels: Option<Vec<String>>,
    /// Campaigns add in this order, lowest first, then by code.
    pub priority: i32,
    /// Adds alone: if it is the first for an award no other adds, and if it is not, it does not.
    pub exclusive: bool,
    #[graphql(skip)]
    pub member_cap: Option<i64>,
    #[graphql(skip)]
    pub remaining_budget: Option<i64>,
    /// What an operator has said.
    pub status: CampaignStatus,
    /// It adds to what happens from then on.
    pub starts_at: DateTime<Utc>,
    /// It adds to what happens before then; null: no end.
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether it adds to what happens now, as long as the budget lasts.
    pub running: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[async_graphql::ComplexObject]
impl Campaign {
    /// MULTIPLIER: 2 doubles the award of the rule.
    async fn multiplier(&self) -> Option<Decimal> {
        self.multiplier.map(Decimal)
    }

    /// BONUS: points that it adds to an award.
    async fn bonus(&self) -> Option<Points> {
        self.bonus.map(Points)
    }

    /// Points that a member may get by it altogether; null: any.
    async fn member_cap(&self) -> Option<Points> {
        self.member_cap.map(Points)
    }

    /// Points left for all members together, at the instant of the answer; null: it has no budget. FORBIDDEN: a member asks.
    async fn remaining_budget(&self, context: &Context<'_>) -> async_graphql::Result<Option<Points>> {
        host(context)?;
        Ok(self.remaining_budget.map(Points))
    }
}

/// Queries about campaigns.
#[derive(Default)]
pub struct CampaignQuery;

#[Object]
impl CampaignQuery {
    /// All campaigns, by code; for members those that run. At most 100 a page, 20 unless asked. Needs the scope read or
    /// audit, or a member's token. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn campaigns(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Campaign>> {
        let all = caller(context)?.member.is_none();
        let first = page_size(first)?;
        check_text("after", after.as_deref().unwrap_or_default())?;
        let campaigns =
            context.data::<DataLoader<Reads>>()?.loader().list(CAMPAIGNS, &[&(first + 1), &after, &all]).await?;
        Ok(connection(campaigns, first, after.is_some(), |campaign| campaign.code.clone()))
    }

    /// A campaign; null: there is none of this code, or, for members, it does not run. Needs the scope read or audit,
    /// or a member's token.
    async fn campaign(&self, context: &Context<'_>, code: String) -> async_graphql::Result<Option<Campaign>> {
        let all = caller(context)?.member.is_none();
        check_text("code", &code)?;
        Ok(context.data::<DataLoader<Reads>>()?.loader().list(CAMPAIGN, &[&code, &all]).await?.pop())
    }
}

/// A new campaign.
#[derive(InputObject)]
pub struct CreateCampaignInput {
    /// Stable name: 1 to 32 capital letters, digits and _.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// What it adds.
    pub basis: CampaignBasis,
    /// Rules whose awards it adds to, 1 to 100.
    pub rules: Vec<String>,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// MULTIPLIER: above 1, at most 100, with at most 6 decimals.
    pub multiplier: Option<Decimal>,
    /// BONUS: points that it adds to an award, from 1.
    pub bonus: Option<Points>,
    /// Levels of members that it is for, as they are when the award is booked; null: all.
    pub levels: Option<Vec<String>>,
    /// Campaigns add in this order, lowest first, 1 to 1000.
    #[graphql(default = 100)]
    pub priority: i32,
    /// Adds alone: if it is the first for an award no other adds, and if it is not, it does not.
    #[graphql(default)]
    pub exclusive: bool,
    /// Points that a member may get by it altogether; null: any.
    pub member_cap: Option<Points>,
    /// Points for all members together; null: any.
    pub budget: Option<Points>,
    /// It adds to what happens from then on; null: now.
    pub starts_at: Option<DateTime<Utc>>,
    /// It adds to what happens before then; null: no end.
    pub ends_at: Option<DateTime<Utc>>,
}

/// The terms of a campaign that can change: all of them, what is left out is none.
#[derive(InputObject)]
pub struct ChangeCampaignInput {
    /// The campaign.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Whether it adds anything; ENDED is for good.
    pub status: CampaignStatus,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Campaigns add in this order, lowest first, 1 to 1000.
    #[graphql(default = 100)]
    pub priority: i32,
    /// Adds alone.
    #[graphql(default)]
    pub exclusive: bool,
    /// Points that a member may get by it altogether; null: any.
    pub member_cap: Option<Points>,
    /// It adds to what happens before then; null: no end.
    pub ends_at: Option<DateTime<Utc>>,
}

/// Points for the budget of a campaign.
#[derive(InputObject)]
pub struct AddBudgetInput {
    /// The campaign, which must have a budget.
    pub campaign: String,
    /// Points; below 0: they are taken away, as far as there are any.
    pub points: Points,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// A change of a campaign.
#[derive(SimpleObject)]
pub struct CampaignPayload {
    /// The campaign as it stands now.
    campaign: Campaign,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of campaigns.
#[derive(Default)]
pub struct CampaignMutation;

#[Object]
impl CampaignMutation {
    /// Makes a campaign: points on top of what rules award. Bonuses are computed from the rule's own award and added up, in
    /// order of priority, as far as the member's cap, the limits and the budget reach; what a return takes back, they get
    /// back. Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn create_campaign(
        &self,
        context: &Context<'_>,
        input: CreateCampaignInput,
    ) -> async_graphql::Result<CampaignPayload> {
        check_terms(&[("code", &input.code), ("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        for rule in &input.rules {
            check_terms(&[("rules", rule)], &[])?;
        }
        for level in input.levels.iter().flatten() {
            check_terms(&[("levels", level)], &[])?;
        }
        check_terms(&[], &[("startsAt", input.starts_at), ("endsAt", input.ends_at)])?;
        change_campaign(
            context,
            "select r.replayed, r.campaign from api.create_campaign(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.basis,
                &input.rules,
                &input.idempotency_key,
                &input.multiplier.map(|multiplier| multiplier.0),
                &input.bonus.map(|points| points.0),
                &input.levels,
                &input.priority,
                &input.exclusive,
                &input.member_cap.map(|points| points.0),
                &input.budget.map(|points| points.0),
                &input.starts_at,
                &input.ends_at,
            ],
        )
        .await
    }

    /// Gives a campaign these terms from the next award on. What it adds, to which rules and for which levels stays. Needs
    /// the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn change_campaign(
        &self,
        context: &Context<'_>,
        input: ChangeCampaignInput,
    ) -> async_graphql::Result<CampaignPayload> {
        check_terms(&[("code", &input.code), ("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        check_terms(&[], &[("endsAt", input.ends_at)])?;
        change_campaign(
            context,
            "select r.replayed, r.campaign from api.change_campaign(
                $2, $3, $4, $5, $6, $7, $8, $9, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.status,
                &input.idempotency_key,
                &input.priority,
                &input.exclusive,
                &input.member_cap.map(|points| points.0),
                &input.ends_at,
            ],
        )
        .await
    }

    /// Adds points to the budget of a campaign that has one, or takes some away. Needs the scope rules. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn add_budget(&self, context: &Context<'_>, input: AddBudgetInput) -> async_graphql::Result<CampaignPayload> {
        check_terms(&[("campaign", &input.campaign), ("idempotencyKey", &input.idempotency_key)], &[])?;
        change_campaign(
            context,
            "select r.replayed, r.campaign from api.add_budget($2, $3, $4, (select name from api.client where id = $1)) r",
            &[&caller(context)?.id, &input.campaign, &input.points.0, &input.idempotency_key],
        )
        .await
    }
}

async fn change_campaign(
    context: &Context<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> async_graphql::Result<CampaignPayload> {
    let row = change(context, sql, parameters).await?;
    Ok(CampaignPayload { campaign: row.get("campaign"), replayed: row.get("replayed") })
}

/// What subscribers see of campaigns, by code.
pub type LiveCampaigns = Arc<Shared<String, Option<Campaign>>>;

/// Reads them when something has changed.
pub fn live_campaigns(feed: &Feed) -> LiveCampaigns {
    Shared::new(feed, |reads, code| {
        Box::pin(async move {
            let Some(row) = reads.query(LIVE_CAMPAIGN, &[code]).await?.pop() else { return Ok((None, None)) };
            Ok((Some(row.get("campaign")), row.get("changes_in")))
        })
    })
}

/// Subscriptions to campaigns.
#[derive(Default)]
pub struct CampaignSubscription;

#[Subscription]
impl CampaignSubscription {
    /// A campaign with what is left of its budget: as it is, and then each time that it changes; null: there is none of
    /// this code. Several changes may come as one: at most five a second come. Needs the scope read or audit. Errors:
    /// INVALID_INPUT.
    async fn campaign_budget(
        &self,
        context: &Context<'_>,
        code: String,
    ) -> async_graphql::Result<impl Stream<Item = async_graphql::Result<Option<Campaign>>> + use<>> {
        caller(context)?;
        check_text("code", &code)?;
        if code.len() > 32 {
            return Err(crate::error::Error::invalid_input("code", "must have 1 to 32 characters").into());
        }
        Ok(context.data::<LiveCampaigns>()?.follow(code).map(Ok))
    }
}

const LIVE_CAMPAIGN: &str = "
    select c as campaign,
        extract(epoch from case when c.starts_at > now() then c.starts_at when c.ends_at > now() then c.ends_at end - now())::float8
            as changes_in
    from api.campaign c
    where c.code = $1";

const CAMPAIGN: &str = "select c from api.campaign c where c.code = $1 and ($2::boolean or c.running)";

const CAMPAIGNS: &str = "
    select c from api.campaign c where c.code > coalesce($2, '') and ($3::boolean or c.running) order by c.code limit $1::int";
