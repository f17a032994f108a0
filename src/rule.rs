//! Rules: the ways to earn, their versions, and the operators' changes of them.

use async_graphql::{
    ComplexObject, Context, Enum, InputObject, Object, SimpleObject, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, NaiveDate, Utc};
use postgres_types::{FromSql, ToSql};
use rust_decimal::Decimal as Money;

use crate::{
    access::caller,
    account::{bad_cursor, connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    ledger::check_text,
    reads::Reads,
    scalars::{Date, Decimal, Points},
};

/// What an award is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "rule_basis", rename_all = "snake_case")]
pub enum RuleBasis {
    /// Fixed points.
    Fixed,
    /// An amount of money, at one rate.
    Amount,
    /// An amount of money, by tiers.
    Tiers,
    /// Points that the caller gives.
    Given,
    /// Nothing is awarded: the rule is retired.
    None,
}

/// How a fraction of a point is rounded: once, after multiplying and adding up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "rounding", rename_all = "snake_case")]
pub enum Rounding {
    /// Down.
    Down,
    /// A half and more up, less down.
    HalfUp,
    /// Up.
    Up,
}

/// A unit of the calendar, by the program's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "calendar_unit", rename_all = "snake_case")]
pub enum CalendarUnit {
    /// A day.
    Day,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What a version of a rule is at the instant of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "version_state", rename_all = "snake_case")]
pub enum RuleVersionState {
    /// Not published.
    Draft,
    /// Published, and starts later.
    Scheduled,
    /// What awards.
    InForce,
    /// Ended, or replaced, by another version.
    Superseded,
    /// Ended, or replaced, by the rule's retirement; or that retirement itself.
    Retired,
}

/// A way to earn points.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "rule")]
#[graphql(complex)]
pub struct Rule {
    /// Stable name, e.g. ORDER.
    pub code: String,
    /// Name for people.
    pub name: String,
    #[graphql(skip)]
    pub version: Option<i32>,
    /// Whether it awards nothing any more; null: no version has started yet.
    pub retired: Option<bool>,
    /// Whether it awards an account once for ever, as registration does.
    pub once: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[ComplexObject]
impl Rule {
    /// The version that has started last; null: none has.
    async fn in_force(&self, context: &Context<'_>) -> async_graphql::Result<Option<RuleVersion>> {
        let Some(version) = self.version else { return Ok(None) };
        let key = RuleVersionKey { rule: self.code.clone(), version };
        Ok(context.data::<DataLoader<Reads>>()?.load_one(key).await?)
    }
}

/// What a rule awards, from an instant on. What is published never changes.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "rule_version")]
#[graphql(complex)]
pub struct RuleVersion {
    /// The rule.
    pub rule: String,
    /// Number within the rule, from 1.
    pub version: i32,
    /// DRAFT: how often it has been written, from 1; null: it is published.
    pub draft_revision: Option<i32>,
    /// What it is now.
    pub state: RuleVersionState,
    /// In force from then on; null: a draft, or always has been.
    pub starts_at: Option<DateTime<Utc>>,
    /// In force until the next version starts then; null: it is the last, or a draft.
    pub ends_at: Option<DateTime<Utc>>,
    /// What the award is computed from.
    pub basis: RuleBasis,
    #[graphql(skip)]
    pub fixed_points: Option<i64>,
    #[graphql(skip)]
    pub points_per_unit: Option<Money>,
    #[graphql(skip)]
    pub tier_starts: Option<Vec<Money>>,
    #[graphql(skip)]
    pub tier_rates: Option<Vec<Money>>,
    /// How the sum becomes whole points, once.
    pub rounding: Rounding,
    #[graphql(skip)]
    pub cap_points: Option<i64>,
    /// Days from the event until the points become available.
    pub pending_days: i32,
    /// Days from the event to expiry, after validMonths; null: none.
    pub valid_days: Option<i32>,
    /// Calendar months from the event to expiry; null: none.
    pub valid_months: Option<i32>,
    /// Expiry is put off to the end of this unit, that of the event where there are neither days nor months; null: it is
    /// not.
    pub valid_end: Option<CalendarUnit>,
    #[graphql(skip)]
    pub valid_until: Option<NaiveDate>,
    /// True: validMonths and validDays count from the member's last activity (activityKinds), to the end of that local day, as
    /// long as it comes in time; at first from when the award is recorded. False: from the event.
    pub idle: bool,
    /// Kind of points that it awards; null: any.
    pub wallet: Option<String>,
    /// What it awards, in words.
    pub description: String,
    /// When it was published, or drafted.
    pub created_at: DateTime<Utc>,
}

#[ComplexObject]
impl RuleVersion {
    /// FIXED: the award. GIVEN: the award when the caller gives none; null: the caller must give it.
    async fn fixed_points(&self) -> Option<Points> {
        self.fixed_points.map(Points)
    }

    /// AMOUNT: points for each unit of the program's currency.
    async fn points_per_unit(&self) -> Option<Decimal> {
        self.points_per_unit.map(Decimal)
    }

    /// TIERS: what each part of the amount earns, ascending; empty: another basis.
    async fn tiers(&self) -> Vec<Tier> {
        let starts = self.tier_starts.iter().flatten();
        let rates = self.tier_rates.iter().flatten();
        starts
            .zip(rates)
            .map(|(&starts_at, &rate)| Tier { starts_at: Decimal(starts_at), points_per_unit: Decimal(rate) })
            .collect()
    }

    /// Most that one operation awards; null: no cap.
    async fn cap_points(&self) -> Option<Points> {
        self.cap_points.map(Points)
    }

    /// Last day on which the points are valid; null, like the fields before: they never expire.
    async fn valid_until(&self) -> Option<Date> {
        self.valid_until.map(Date)
    }
}

/// What the part of an amount earns that lies between this start and the next.
#[derive(Clone, Copy, Debug, InputObject, SimpleObject)]
#[graphql(input_name = "TierInput")]
pub struct Tier {
    /// Amount of money at which the tier starts; the first starts at 0.
    pub starts_at: Decimal,
    /// Points for each unit of the program's currency, from 0, with at most 6 decimals.
    pub points_per_unit: Decimal,
}

/// One version of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RuleVersionKey {
    pub rule: String,
    pub version: i32,
}

/// Queries about rules.
#[derive(Default)]
pub struct RuleQuery;

#[Object]
impl RuleQuery {
    /// All rules, by code. At most 100 a page, 20 unless asked. Needs the scope read or audit. INVALID_INPUT: first or
    /// after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn rules(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Rule>> {
        caller(context)?;
        let first = page_size(first)?;
        check_text("after", after.as_deref().unwrap_or_default())?;
        let rules = context.data::<DataLoader<Reads>>()?.loader().list(RULES, &[&(first + 1), &after]).await?;
        Ok(connection(rules, first, after.is_some(), |rule| rule.code.clone()))
    }

    /// A rule; null: there is none of this code. Needs the scope read or audit.
    async fn rule(&self, context: &Context<'_>, code: String) -> async_graphql::Result<Option<Rule>> {
        caller(context)?;
        check_text("code", &code)?;
        Ok(context.data::<DataLoader<Reads>>()?.loader().list(RULE, &[&code]).await?.pop())
    }

    /// The versions of a rule, the highest number first: drafts, and all that has ever been published. At most 100 a
    /// page, 20 unless asked. Needs the scope read or audit. INVALID_INPUT: first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn rule_versions(
        &self,
        context: &Context<'_>,
        rule: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, RuleVersion>> {
        caller(context)?;
        check_text("rule", &rule)?;
        let first = page_size(first)?;
        let before: Option<i32> = after.map(|cursor| cursor.parse().map_err(|_| bad_cursor())).transpose()?;
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let versions = reads.list(RULE_VERSIONS, &[&(first + 1), &rule, &before]).await?;
        Ok(connection(versions, first, before.is_some(), |version: &RuleVersion| version.version.to_string()))
    }
}

/// A new rule.
#[derive(InputObject)]
pub struct CreateRuleInput {
    /// Stable name: 1 to 32 capital letters, digits and _.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Whether it awards an account once for ever; nothing changes that later.
    #[graphql(default)]
    pub once: bool,
}

/// What a version of a rule shall award: all of its terms.
#[derive(InputObject)]
pub struct DraftRuleVersionInput {
    /// The rule.
    pub rule: String,
    /// What the award is computed from; not NONE, which retireRule makes.
    pub basis: RuleBasis,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Number of a draft, to give it these terms; null: a new draft.
    pub version: Option<i32>,
    /// FIXED: the award. GIVEN: the award when the caller gives none; null: the caller must give it.
    pub fixed_points: Option<Points>,
    /// AMOUNT: points for each unit of the program's currency, with at most 6 decimals.
    pub points_per_unit: Option<Decimal>,
    /// TIERS: 1 to 20, ascending from a start of 0.
    pub tiers: Option<Vec<Tier>>,
    /// How the sum becomes whole points, once.
    #[graphql(default_with = "Rounding::Down")]
    pub rounding: Rounding,
    /// Most that one operation awards; null: no cap.
    pub cap_points: Option<Points>,
    /// Days from the event until the points become available, 0 to 3650.
    #[graphql(default)]
    pub pending_days: i32,
    /// Days from the event to expiry, after validMonths, 1 to 36500; null: none.
    pub valid_days: Option<i32>,
    /// Calendar months from the event to expiry, 1 to 1200; null: none.
    pub valid_months: Option<i32>,
    /// Puts expiry off to the end of this unit, that of the event where there are neither days nor months.
    pub valid_end: Option<CalendarUnit>,
    /// Last day on which the points are valid, instead of the three before; null, like them: they never expire.
    pub valid_until: Option<Date>,
    /// Whether validMonths and validDays, one of which it needs, count from the member's last activity (activityKinds), to the
    /// end of that local day, and not from the event: without activity the points expire. Takes neither validEnd nor validUntil.
    #[graphql(default)]
    pub idle: bool,
    /// Kind of points that it awards; null: any.
    pub wallet: Option<String>,
}

/// A draft to put in force.
#[derive(InputObject)]
pub struct PublishRuleVersionInput {
    /// The rule.
    pub rule: String,
    /// Number of the draft.
    pub version: i32,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// In force from then on, not in the past; null: at once. The version that is scheduled for the same instant, if any, is
    /// replaced.
    pub starts_at: Option<DateTime<Utc>>,
    /// draftRevision that you have seen: INVALID_INPUT if the draft has been changed since; null: whatever it says.
    pub draft_revision: Option<i32>,
}

/// A draft to throw away.
#[derive(InputObject)]
pub struct DiscardRuleDraftInput {
    /// The rule.
    pub rule: String,
    /// Number of the draft.
    pub version: i32,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// A rule to retire.
#[derive(InputObject)]
pub struct RetireRuleInput {
    /// The rule.
    pub rule: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// It awards nothing from then on; null: at once.
    pub at: Option<DateTime<Utc>>,
}

/// A change of a rule.
#[derive(SimpleObject)]
pub struct RulePayload {
    /// The rule as it stands now.
    rule: Rule,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// A change of a version.
#[derive(SimpleObject)]
pub struct RuleVersionPayload {
    /// The version as it stands now; null: it was a draft, and has been discarded since.
    version: Option<RuleVersion>,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of rules.
#[derive(Default)]
pub struct RuleMutation;

#[Object]
impl RuleMutation {
    /// Makes a rule, which awards nothing until a version of it is published. Needs the scope rules. Errors: INVALID_INPUT,
    /// FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn create_rule(&self, context: &Context<'_>, input: CreateRuleInput) -> async_graphql::Result<RulePayload> {
        check_terms(&[("code", &input.code), ("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        let call = "select r.replayed, r.rule from api.create_rule($2, $3, $4, (select name from api.client where id = $1), $5) r";
        let client_id = caller(context)?.id;
        change_rule(context, call, &[&client_id, &input.code, &input.name, &input.idempotency_key, &input.once]).await
    }

    /// Drafts a version of a rule, or gives a draft other terms. It awards nothing until it is published. Needs the scope
    /// rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_RULE.
    async fn draft_rule_version(
        &self,
        context: &Context<'_>,
        input: DraftRuleVersionInput,
    ) -> async_graphql::Result<RuleVersionPayload> {
        check_terms(
            &[
                ("rule", &input.rule),
                ("idempotencyKey", &input.idempotency_key),
                ("wallet", input.wallet.as_deref().unwrap_or_default()),
            ],
            &[],
        )?;
        let tiers = |value: fn(&Tier) -> Money| input.tiers.as_ref().map(|tiers| tiers.iter().map(value).collect());
        let starts: Option<Vec<Money>> = tiers(|tier| tier.starts_at.0);
        let rates: Option<Vec<Money>> = tiers(|tier| tier.points_per_unit.0);
        change_version(
            context,
            "select r.replayed, r.version from api.draft_rule_version(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, (select name from api.client where id = $1), $18) r",
            &[
                &caller(context)?.id,
                &input.rule,
                &input.basis,
                &input.idempotency_key,
                &input.fixed_points.map(|points| points.0),
                &input.points_per_unit.map(|rate| rate.0),
                &starts,
                &rates,
                &input.rounding,
                &input.cap_points.map(|points| points.0),
                &input.pending_days,
                &input.valid_days,
                &input.valid_months,
                &input.valid_end,
                &input.valid_until.map(|day| day.0),
                &input.wallet,
                &input.version,
                &input.idle,
            ],
        )
        .await
    }

    /// Puts a draft in force, at once or later, until the next version starts. From then on it never changes. Needs the scope
    /// rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_RULE.
    async fn publish_rule_version(
        &self,
        context: &Context<'_>,
        input: PublishRuleVersionInput,
    ) -> async_graphql::Result<RuleVersionPayload> {
        check_terms(
            &[("rule", &input.rule), ("idempotencyKey", &input.idempotency_key)],
            &[("startsAt", input.starts_at)],
        )?;
        let call = "select r.replayed, r.version from api.publish_rule_version(
            $2, $3, $4, $5, $6, (select name from api.client where id = $1)) r";
        let PublishRuleVersionInput { rule, version, idempotency_key, starts_at, draft_revision } = &input;
        change_version(
            context,
            call,
            &[&caller(context)?.id, rule, version, idempotency_key, starts_at, draft_revision],
        )
        .await
    }

    /// Throws a draft away. Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_RULE.
    async fn discard_rule_draft(
        &self,
        context: &Context<'_>,
        input: DiscardRuleDraftInput,
    ) -> async_graphql::Result<RulePayload> {
        check_terms(&[("rule", &input.rule), ("idempotencyKey", &input.idempotency_key)], &[])?;
        let call = "select r.replayed, r.rule from api.discard_rule_draft($2, $3, $4, (select name from api.client where id = $1)) r";
        change_rule(context, call, &[&caller(context)?.id, &input.rule, &input.version, &input.idempotency_key]).await
    }

    /// Lets a rule award nothing any more: earnPoints answers RULE_RETIRED. What has been awarded stays. Versions that are
    /// scheduled later are replaced, too. Publishing another version puts the rule in force again. Needs the scope rules.
    /// Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_RULE.
    async fn retire_rule(&self, context: &Context<'_>, input: RetireRuleInput) -> async_graphql::Result<RulePayload> {
        check_terms(&[("rule", &input.rule), ("idempotencyKey", &input.idempotency_key)], &[("at", input.at)])?;
        let call =
            "select r.replayed, r.rule from api.retire_rule($2, $3, $4, (select name from api.client where id = $1)) r";
        change_rule(context, call, &[&caller(context)?.id, &input.rule, &input.idempotency_key, &input.at]).await
    }
}

async fn change_rule(
    context: &Context<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> async_graphql::Result<RulePayload> {
    let row = change(context, sql, parameters).await?;
    Ok(RulePayload { rule: row.get("rule"), replayed: row.get("replayed") })
}

async fn change_version(
    context: &Context<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> async_graphql::Result<RuleVersionPayload> {
    let row = change(context, sql, parameters).await?;
    Ok(RuleVersionPayload { version: row.get("version"), replayed: row.get("replayed") })
}

const RULE: &str = "select r from api.rule r where r.code = $1";

const RULES: &str = "select r from api.rule r where r.code > coalesce($2, '') order by r.code limit $1::int";

const RULE_VERSIONS: &str = "
    select v from api.rule_version v
    where v.rule = $2 and ($3::int is null or v.version < $3)
    order by v.version desc
    limit $1::int";
