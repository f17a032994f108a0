//! The catalogue of rewards: what members can redeem points for, and the operators' changes of it.

use async_graphql::{
    ComplexObject, Context, Enum, InputObject, Object, SimpleObject, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::{FromSql, ToSql};
use rust_decimal::Decimal as Money;
use serde_json::{Value, json};
use tokio_postgres::Row;

use crate::{
    access::caller,
    account::{connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    ledger::check_text,
    reads::Reads,
    scalars::{Decimal, Points},
};

/// What a redemption gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "reward_kind", rename_all = "snake_case")]
pub enum RewardKind {
    /// Goods that the host delivers.
    Goods,
    /// A code of the pool.
    Coupon,
    /// A prize by chance.
    Draw,
    /// Money that the host pays out.
    Cash,
}

/// Whether a reward can be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "reward_status", rename_all = "snake_case")]
pub enum RewardStatus {
    /// It can, while it is on sale.
    Active,
    /// Not for now.
    Paused,
    /// Never again.
    Retired,
}

/// What a quota counts in, by the program's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "quota_period", rename_all = "snake_case")]
pub enum QuotaPeriod {
    /// Calendar days.
    Day,
    /// Weeks from Monday on.
    Week,
    /// Calendar months.
    Month,
    /// Calendar years.
    Year,
    /// All time.
    Ever,
}

/// What members can redeem points for.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "reward")]
#[graphql(complex)]
pub struct Reward {
    /// Stable name, e.g. UMBRELLA.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Kind of points that it costs.
    pub wallet: String,
    /// What it gives.
    pub kind: RewardKind,
    #[graphql(skip)]
    pub price: i64,
    #[graphql(skip)]
    pub stock: Option<i64>,
    #[graphql(skip)]
    pub cash_amount: Option<Money>,
    /// Whether it can be redeemed.
    pub status: RewardStatus,
    /// On sale from then on; null: always has been.
    pub on_sale_from: Option<DateTime<Utc>>,
    /// On sale until before then; null: for ever.
    pub on_sale_until: Option<DateTime<Utc>>,
    /// How many a member may redeem in a period, those cancelled not counted; null: any number.
    pub quota: Option<i32>,
    /// The period of the quota.
    pub quota_period: Option<QuotaPeriod>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[ComplexObject]
impl Reward {
    /// Points that one costs.
    async fn price(&self) -> Points {
        Points(self.price)
    }

    /// Pieces left at the instant of the answer; null: unlimited.
    async fn stock(&self) -> Option<Points> {
        self.stock.map(Points)
    }

    /// Money that the host pays out, in the program's currency; null: not cash.
    async fn cash_amount(&self) -> Option<Decimal> {
        self.cash_amount.map(Decimal)
    }

    /// What it may give, by number; empty: not a draw.
    async fn prizes(&self, context: &Context<'_>) -> async_graphql::Result<Vec<Prize>> {
        let prizes = context.data::<DataLoader<Reads>>()?.load_one(PrizesKey(self.code.clone())).await?;
        Ok(prizes.unwrap_or_default())
    }
}

/// What a draw may give.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Prize {
    /// Number in the draw, from 1.
    pub no: i16,
    /// Name for people.
    pub name: String,
    /// Its chance is its weight out of the sum of weights, however much is left.
    pub weight: i32,
    /// Whether it is the one without a stock, which also stands in for one that has run out.
    pub consolation: bool,
    #[graphql(skip)]
    pub stock: Option<i64>,
}

#[ComplexObject]
impl Prize {
    /// Pieces left at the instant of the answer; null: unlimited.
    async fn stock(&self) -> Option<Points> {
        self.stock.map(Points)
    }
}

impl Prize {
    /// From a row of [`crate::reads`].
    pub fn from_row(row: &Row) -> Self {
        Prize {
            no: row.get("no"),
            name: row.get("name"),
            weight: row.get("weight"),
            consolation: row.get("consolation"),
            stock: row.get("stock"),
        }
    }
}

/// One reward, by code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RewardKey(pub String);

/// The prizes of a reward, by its code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrizesKey(pub String);

/// A page of rewards.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RewardsKey {
    pub first: i32,
    pub after: Option<String>,
}

/// Queries about rewards.
#[derive(Default)]
pub struct RewardQuery;

#[Object]
impl RewardQuery {
    /// All rewards, by code, those that are not on sale included. At most 100 a page, 20 unless asked. Needs the scope
    /// read or audit, or a member's token. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn rewards(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Reward>> {
        caller(context)?;
        let first = page_size(first)?;
        check_text("after", after.as_deref().unwrap_or_default())?;
        let key = RewardsKey { first, after };
        let has_previous_page = key.after.is_some();
        let rewards = context.data::<DataLoader<Reads>>()?.load_one(key).await?.unwrap_or_default();
        Ok(connection(rewards, first, has_previous_page, |reward| reward.code.clone()))
    }

    /// A reward; null: there is none of this code. Needs the scope read or audit, or a member's token.
    async fn reward(&self, context: &Context<'_>, code: String) -> async_graphql::Result<Option<Reward>> {
        caller(context)?;
        check_text("code", &code)?;
        Ok(context.data::<DataLoader<Reads>>()?.load_one(RewardKey(code)).await?)
    }
}

/// What a draw may give.
#[derive(InputObject)]
pub struct PrizeInput {
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// From 0 to 1000000; its chance is its weight out of the sum of weights.
    pub weight: i32,
    /// Pieces; null: it is the consolation prize, of which there is one.
    pub stock: Option<Points>,
}

/// A new reward.
#[derive(InputObject)]
pub struct CreateRewardInput {
    /// Stable name: 1 to 32 capital letters, digits and _.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// What it gives.
    pub kind: RewardKind,
    /// Points that one costs, from 1.
    pub price: Points,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Pieces; null: unlimited, or a coupon, whose codes addCoupons adds.
    pub stock: Option<Points>,
    /// Kind of points that it costs; points unless named.
    pub wallet: Option<String>,
    /// CASH: the money that the host pays out, in the program's currency.
    pub cash_amount: Option<Decimal>,
    /// On sale from then on; null: at once.
    pub on_sale_from: Option<DateTime<Utc>>,
    /// On sale until before then; null: for ever.
    pub on_sale_until: Option<DateTime<Utc>>,
    /// How many a member may redeem in a period; null: any number.
    pub quota: Option<i32>,
    /// The period of the quota, with which it goes.
    pub quota_period: Option<QuotaPeriod>,
    /// DRAW: what it may give, by number, 1 to 100. They never change.
    pub prizes: Option<Vec<PrizeInput>>,
}

/// A reward's terms: all of them, as they shall be from now on.
#[derive(InputObject)]
pub struct ChangeRewardInput {
    /// The reward.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Points that one costs, from 1.
    pub price: Points,
    /// Whether it can be redeemed; RETIRED is for good.
    pub status: RewardStatus,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// On sale from then on; null: at once.
    pub on_sale_from: Option<DateTime<Utc>>,
    /// On sale until before then; null: for ever.
    pub on_sale_until: Option<DateTime<Utc>>,
    /// How many a member may redeem in a period; null: any number.
    pub quota: Option<i32>,
    /// The period of the quota, with which it goes.
    pub quota_period: Option<QuotaPeriod>,
}

/// Pieces for a reward.
#[derive(InputObject)]
pub struct AddStockInput {
    /// The reward.
    pub reward: String,
    /// Pieces to add, or, below 0, to take away; not 0.
    pub pieces: Points,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// DRAW: number of the prize; null: the reward itself.
    pub prize: Option<i16>,
}

/// Codes for a coupon.
#[derive(InputObject)]
pub struct AddCouponsInput {
    /// The reward.
    pub reward: String,
    /// 1 to 10,000 codes of 1 to 128 characters, in the order of handing out, none of which has ever been there.
    pub codes: Vec<String>,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// A change of the catalogue.
#[derive(SimpleObject)]
pub struct RewardPayload {
    /// The reward as it stands now.
    reward: Reward,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of the catalogue.
#[derive(Default)]
pub struct RewardMutation;

#[Object]
impl RewardMutation {
    /// Makes a reward. Needs the scope rewards. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn create_reward(
        &self,
        context: &Context<'_>,
        input: CreateRewardInput,
    ) -> async_graphql::Result<RewardPayload> {
        check_terms(
            &[
                ("code", &input.code),
                ("name", &input.name),
                ("idempotencyKey", &input.idempotency_key),
                ("wallet", input.wallet.as_deref().unwrap_or_default()),
            ],
            &[],
        )?;
        for prize in input.prizes.iter().flatten() {
            check_terms(&[("prizes", &prize.name)], &[])?;
        }
        let prizes: Option<Value> = input.prizes.map(|prizes| {
            let prize = |prize: PrizeInput| {
                let stock = prize.stock.map(|stock| stock.0);
                json!({ "name": prize.name, "weight": prize.weight, "stock": stock })
            };
            prizes.into_iter().map(prize).collect()
        });
        check_terms(&[], &[("onSaleFrom", input.on_sale_from), ("onSaleUntil", input.on_sale_until)])?;
        change_reward(
            context,
            "select r.replayed, r.reward from api.create_reward(
                $2, $3, $4, $5, $6, $7, coalesce($8, 'points'), $9, $10, $11, $12, $13, $14, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.kind,
                &input.price.0,
                &input.idempotency_key,
                &input.stock.map(|stock| stock.0),
                &input.wallet,
                &input.cash_amount.map(|amount| amount.0),
                &input.on_sale_from,
                &input.on_sale_until,
                &input.quota,
                &input.quota_period,
                &prizes,
            ],
        )
        .await
    }

    /// Gives a reward other terms from the next redemption on; redemptions keep theirs. Needs the scope rewards. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_REWARD.
    async fn change_reward(
        &self,
        context: &Context<'_>,
        input: ChangeRewardInput,
    ) -> async_graphql::Result<RewardPayload> {
        check_terms(&[("code", &input.code), ("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        check_terms(&[], &[("onSaleFrom", input.on_sale_from), ("onSaleUntil", input.on_sale_until)])?;
        change_reward(
            context,
            "select r.replayed, r.reward from api.change_reward(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.price.0,
                &input.status,
                &input.idempotency_key,
                &input.on_sale_from,
                &input.on_sale_until,
                &input.quota,
                &input.quota_period,
            ],
        )
        .await
    }

    /// Adds pieces to the stock of a reward, or of a draw's prize, or takes them away, as far as there are any. Needs the
    /// scope rewards. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_REWARD.
    async fn add_stock(&self, context: &Context<'_>, input: AddStockInput) -> async_graphql::Result<RewardPayload> {
        check_terms(&[("reward", &input.reward), ("idempotencyKey", &input.idempotency_key)], &[])?;
        change_reward(
            context,
            "select r.replayed, r.reward from api.add_stock(
                $2, $3, $4, coalesce($5, 0::smallint), (select name from api.client where id = $1)) r",
            &[&caller(context)?.id, &input.reward, &input.pieces.0, &input.idempotency_key, &input.prize],
        )
        .await
    }

    /// Adds codes to the pool of a coupon: all, or none if one has ever been there. Needs the scope rewards. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_REWARD.
    async fn add_coupons(&self, context: &Context<'_>, input: AddCouponsInput) -> async_graphql::Result<RewardPayload> {
        check_terms(&[("reward", &input.reward), ("idempotencyKey", &input.idempotency_key)], &[])?;
        for code in &input.codes {
            check_terms(&[("codes", code)], &[])?;
        }
        change_reward(
            context,
            "select r.replayed, r.reward from api.add_coupons($2, $3, $4, (select name from api.client where id = $1)) r",
            &[&caller(context)?.id, &input.reward, &input.codes, &input.idempotency_key],
        )
        .await
    }
}

async fn change_reward(
    context: &Context<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> async_graphql::Result<RewardPayload> {
    let row = change(context, sql, parameters).await?;
    Ok(RewardPayload { reward: row.get("reward"), replayed: row.get("replayed") })
}
